import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import * as z from 'zod';

/** A journal entry; values that are not text, or too long, come as text too. */
export type JournalEntry = Readonly<Record<string, string>>;

/** journalctl writes bytes that are not text as an array of numbers, a field that occurs more than once as an array, and a huge one as null. */
const JsonEntry = z.record(z.string(), z.unknown()).transform((fields): JournalEntry => {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, asText(value)]));
});

const Bytes = z.array(z.number().int());

/** The entries of `journalctl -o json`. */
export function parseJournal(text: string): JournalEntry[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JsonEntry.parse(JSON.parse(line)));
}

export interface FollowOptions {
  /** Where to begin: entries after this cursor. */
  readonly after: string;
  readonly timeoutMs: number;
}

/**
 * Gives `seen` the container's journal, entry by entry as it is written, until it answers true, and resolves to that entry.
 * Throws when the deadline passes first, with the last lines that were there.
 */
export async function followJournal(
  container: string,
  args: readonly string[],
  seen: (entry: JournalEntry) => boolean | Promise<boolean>,
  { after, timeoutMs }: FollowOptions,
): Promise<JournalEntry> {
  const deadline = AbortSignal.timeout(timeoutMs);
  // `timeout` ends the reader inside the container, which does not notice when the one out here has gone.
  const reader = ['timeout', String(Math.ceil(timeoutMs / 1000) + 1), 'journalctl', '--follow', '--no-tail', '--output=json'];
  // Not --after-cursor: with a filter that leaves out the first entry that fits, if the cursor's own does not (systemd 252, 257).
  const child = spawn('docker', ['exec', container, ...reader, `--cursor=${after}`, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  deadline.addEventListener('abort', () => child.kill());
  const last: string[] = [];
  try {
    for await (const line of lines) {
      for (const entry of parseJournal(line)) {
        if (entry.__CURSOR === after) continue;
        last.push(`${entry.SYSLOG_IDENTIFIER ?? ''}: ${entry.MESSAGE ?? ''}`);
        if (await seen(entry)) {
          return entry;
        }
      }
    }
  } finally {
    child.kill();
  }
  const why = deadline.aborted ? `within ${String(timeoutMs)} ms` : 'before the device stopped';
  throw new Error(`journal ${args.join(' ')}: what was waited for did not come ${why}; last lines:\n${last.slice(-20).join('\n')}`);
}

function asText(value: unknown): string {
  if (typeof value === 'string') {
    return value;
  }
  const bytes = Bytes.safeParse(value);
  return bytes.success ? Buffer.from(bytes.data).toString() : JSON.stringify(value);
}
