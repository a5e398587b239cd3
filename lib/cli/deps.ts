/** What the command line is given. Built in scripts/pikit-update.ts. */
import type { ReaderDeps } from '../device/deps.ts';

export interface Terminal {
  out: (text: string) => void;
  err: (text: string) => void;
  /** Standard output is a terminal: a progress bar can be drawn on it. */
  isTerminal: boolean;
  columns: () => number;
}

export interface CliDeps extends ReaderDeps {
  /** Version of this program. */
  version: string;
  terminal: Terminal;
  /** What journalctl prints, line by line, to its exit code; its complaints go to standard error. Null in a folder, which has no journal. */
  journalctl: ((args: readonly string[], onLine: (line: string) => void) => Promise<number>) | null;
  /** Asks on the terminal; true for a yes. Null where standard input or output is none. Throws CANCELLED by Ctrl-C. */
  ask: ((question: string) => Promise<boolean>) | null;
  /** Standard input to its end. Throws RESPONSE_TOO_LARGE when it has more than `maxBytes`. */
  readInput: (maxBytes: number) => Promise<Buffer>;
  /** The root that the source has now, and where. Throws network codes, SIGNATURE_MISSING when it has none. */
  requestRoot: () => Promise<{ bytes: Buffer; place: string }>;
}

/** The result of a command: the exit code, and what `--json` prints. */
export interface Done {
  exit: number;
  json: unknown;
}
