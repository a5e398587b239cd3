import fs from 'node:fs';
import { TomlError, parse } from 'smol-toml';
import type { Config } from '../core/config.ts';
import { parseConfig } from '../core/config.ts';
import { UpdateError, errnoOf } from '../core/errors.ts';

/** Reads and validates update.toml. Throws CONFIG_MISSING, or CONFIG_INVALID with the line or key and what is allowed. */
export function readConfig(file: string): Config {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw new UpdateError('CONFIG_MISSING', `'${file}' is not there`, {
      hint: `create '${file}' with a [source]: type = "static" and url = "https://…"`,
      cause: error,
    });
  }
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
