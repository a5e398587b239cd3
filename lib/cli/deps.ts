/** What the command line is given. Built in scripts/pikit-update.ts. */
import type { DeviceDeps } from '../device/deps.ts';

export interface Terminal {
  out: (text: string) => void;
  err: (text: string) => void;
  /** Standard output is a terminal: a progress bar can be drawn on it. */
  isTerminal: boolean;
  columns: () => number;
}

export interface CliDeps extends DeviceDeps {
  /** Version of this program. */
  version: string;
  terminal: Terminal;
  /** What journalctl prints, line by line, to its exit code; its complaints go to standard error. Null in a folder, which has no journal. */
  journalctl: ((args: readonly string[], onLine: (line: string) => void) => Promise<number>) | null;
}

/** What a command came to: the exit code, and what `--json` prints. */
export interface Done {
  exit: number;
  json: unknown;
}
