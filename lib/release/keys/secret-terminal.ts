/**
 * A question on the terminal, of which the answer is not shown. It is read in one go, without the event loop, so no handler of a
 * signal would run meanwhile: the terminal sends none, and Ctrl-C and Ctrl-\ end the line as a character of their own instead. However
 * a question ends, the terminal is as it was before.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { UpdateError } from '../../core/errors.ts';
import type { SecretTerminal } from './passphrase.ts';
import { PASSPHRASE_VARIABLE } from './passphrase.ts';

const HIDDEN = ['-echo', '-isig', 'eol', '^C', 'eol2', '^\\'];
const LEAVING: readonly number[] = [0x03, 0x1c];
const LINE_ENDS: readonly number[] = [0x0a, 0x0d];

/** The terminal that this process belongs to, or null. */
export function secretTerminal(): SecretTerminal | null {
  const fd = openTty();
  if (fd === null) return null;
  return {
    ask: (question) => {
      const before = stty(fd, ['-g']).trim();
      try {
        stty(fd, HIDDEN);
        fs.writeSync(fd, question);
        return readLine(fd);
      } finally {
        restore(fd, before);
      }
    },
  };
}

function openTty(): number | null {
  try {
    return fs.openSync('/dev/tty', 'r+');
  } catch {
    // Safe to ignore: a process of cron or of a pipeline has none, and callers say so.
    return null;
  }
}

/** Its output. Throws IO_ERROR. */
function stty(fd: number, settings: readonly string[]): string {
  const { status, stdout } = spawnSync('stty', settings, { stdio: [fd, 'pipe', 'ignore'], encoding: 'utf8' });
  if (status === 0) return stdout;
  throw new UpdateError('IO_ERROR', `the terminal cannot be set up for a passphrase ('stty ${settings.join(' ')}' failed)`, {
    hint: `put the passphrase into the environment as ${PASSPHRASE_VARIABLE}`,
  });
}

/** Safe to ignore where it fails: the terminal is gone then, and how the question ended is what counts. */
function restore(fd: number, settings: string): void {
  try {
    stty(fd, [settings]);
    fs.writeSync(fd, '\n');
  } catch {
    return;
  }
}

function readLine(fd: number): string {
  const byte = Buffer.alloc(1);
  const line: number[] = [];
  for (;;) {
    const next = readByte(fd, byte);
    if ((next === null && line.length === 0) || (next !== null && LEAVING.includes(next))) throw left();
    if (next === null || LINE_ENDS.includes(next)) return Buffer.from(line).toString();
    line.push(next);
  }
}

/** Null at the end: Ctrl-D, or a terminal that is gone. */
function readByte(fd: number, byte: Buffer): number | null {
  try {
    return fs.readSync(fd, byte) === 0 ? null : byte.readUInt8();
  } catch (error) {
    throw left(error);
  }
}

function left(cause?: unknown): UpdateError {
  return new UpdateError('CANCELLED', 'stopped while asking for a passphrase', { hint: 'run it again, and it goes on where it was', cause });
}
