import type { ErrorCode } from '../core/errors.ts';

/** Exit codes of the command line; 130 is a shell's code for Ctrl-C. */
export const EXIT = { ok: 0, failed: 1, usage: 2, busy: 75, interrupted: 130 } as const;

export function exitCodeOf(code: ErrorCode): number {
  if (code === 'USAGE') return EXIT.usage;
  return code === 'BUSY' ? EXIT.busy : EXIT.failed;
}
