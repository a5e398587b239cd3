/** How a command of a release ended, and what it is given. */

export interface CommandEnd {
  /** Null when a signal ended it. */
  exitCode: number | null;
  /** Such as `SIGSEGV`; null when it ended by itself. */
  signal: string | null;
  /** Why, where that is known: what it took too much of, or what kept it from starting. To be read after the end. */
  why: string | null;
  /** The end of what it wrote, both streams as they came. */
  output: string;
}

export interface CommandOptions {
  timeoutMs: number;
  signal?: AbortSignal;
}

/** What is kept of the output: a receipt shows the last lines. */
const KEPT_CHARACTERS = 64 * 1024;

export interface LastOutput {
  add: (stream: NodeJS.ReadableStream) => void;
  text: () => string;
}

/** The end of what some streams say together. */
export function lastOutput(): LastOutput {
  let text = '';
  return {
    add: (stream) => {
      stream.setEncoding('utf8');
      stream.on('data', (chunk: string) => {
        text = (text + chunk).slice(-KEPT_CHARACTERS);
      });
    },
    text: () => text,
  };
}
