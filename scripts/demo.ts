/** `npm run demo`: updates, a failing one and the ways back, played in a folder. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { toUpdateError } from '../lib/core/errors.ts';
import { runDemo } from '../lib/demo/run.ts';
import { runProgram, standardStreams } from './run-program.ts';

const USAGE = `usage: npm run demo [-- [--dir DIR] [--keep]]

Plays updates of a small dashboard in a folder: no systemd, no Docker, no root.
  --dir DIR   play in this folder, which must be empty or not there, and leave it
  --keep      leave the temporary folder
`;

const streams = standardStreams();
await runProgram(main, streams);

async function main(): Promise<number> {
  try {
    const { values } = parseArgs({
      options: { dir: { type: 'string' }, keep: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
    });
    if (values.help) {
      streams.out(USAGE);
      return 0;
    }
    const stop = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        stop.abort();
      });
    }
    return await runDemo({
      dir: values.dir ?? null,
      keep: values.keep,
      unitsDir: join(import.meta.dirname, '..', 'units'),
      distDir: import.meta.dirname,
      colour: process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '',
      signal: stop.signal,
      write: streams.out,
    });
  } catch (error) {
    const { message, hint } = toUpdateError(error);
    streams.err(`error: ${message}\n${hint === null ? USAGE : `hint: ${hint}\n`}`);
    return 2;
  }
}
