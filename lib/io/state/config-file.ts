import { TomlError, parse } from 'smol-toml';
import type { Config } from '../../core/device/config.ts';
import { parseConfig } from '../../core/device/config.ts';
import { UpdateError } from '../../core/errors.ts';
import { readPlain } from '../../transaction/files/plain-file.ts';

/** Reads and validates update.toml. Throws CONFIG_MISSING, or CONFIG_INVALID with the line or key and what is allowed. */
export function readConfig(file: string): Config {
  const text = readText(file);
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const where = `line ${String(error.line)}, column ${String(error.column)}`;
    throw new UpdateError('CONFIG_INVALID', `'${file}' is not TOML: ${error.message.split('\n')[0] ?? ''} (${where})`, {
      hint: `edit '${file}', ${where}`,
      cause: error,
    });
  }
  return parseConfig(value, file);
}

const MAX_BYTES = 1024 * 1024;

/** The owner may keep it elsewhere and put a link here. A byte order mark does no harm. */
function readText(file: string): string {
  const read = readPlain(file, { maxBytes: MAX_BYTES, throughLinks: true });
  if (read.is === 'absent') {
    throw new UpdateError('CONFIG_MISSING', `'${file}' does not exist`, {
      hint: `create '${file}' with a [source]: type = "static" and url = "https://…"`,
    });
  }
  if (read.is === 'odd')
    throw new UpdateError('CONFIG_INVALID', `'${file}' ${read.why}`, { hint: `put a file there: '${file}' is the configuration` });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(read.bytes);
  } catch (error) {
    throw new UpdateError('CONFIG_INVALID', `'${file}' is not UTF-8`, { hint: `edit '${file}'`, cause: error });
  }
}
