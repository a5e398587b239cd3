/** What every entry point does around its work: an output that may go away, an end that always comes, a failure that is told. */
import { exitCodeOf } from '../lib/cli/exit-codes.ts';
import { printable } from '../lib/core/printable.ts';
import type { UpdateError } from '../lib/core/errors.ts';
import { toUpdateError } from '../lib/core/errors.ts';
import { output } from '../lib/io/output.ts';
import { sureEnd } from '../lib/io/process/sure-end.ts';

export interface Streams {
  out: (text: string) => void;
  err: (text: string) => void;
}

/** Standard output and error, which never fail: what cannot be written is dropped, and said once where that can be written. */
export function standardStreams(): Streams {
  const err = output(process.stderr);
  const out = output(process.stdout, (error) => {
    err.write(`warning: failed to write the output, ignoring: ${error.message}\n`);
  });
  return { out: out.write, err: err.write };
}

/**
 * Runs the work of an entry point and sets the exit code that it resolves to. What it throws, what is thrown outside of it, and an
 * event loop that runs dry before its end are told by `tell` (by default on standard error), and are exit code 2 for USAGE, 75
 * for BUSY, else 1. After such an end the process does not wait for what its work may have left behind.
 */
export async function runProgram(
  main: () => Promise<number>,
  streams: Streams,
  tell: (failure: UpdateError) => void = telling(streams),
): Promise<void> {
  try {
    process.exitCode = await sureEnd('the program', main);
  } catch (error) {
    const failure = toUpdateError(error);
    tell(failure);
    process.exit(exitCodeOf(failure.code));
  }
}

function telling({ err }: Streams): (failure: UpdateError) => void {
  return ({ code, message, hint }) => {
    err(`error: ${printable(message)} [${code}]\n`);
    if (hint !== null) err(`hint: ${printable(hint)}\n`);
  };
}
