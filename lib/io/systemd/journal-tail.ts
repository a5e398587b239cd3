import { run } from '../process/exec.ts';

const TIMEOUT_MS = 10_000;
const MAX_LINE = 500;

/**
 * The last lines a unit wrote since `since`, oldest first, for a receipt. Empty when the journal cannot be read: a receipt
 * without them is still a receipt.
 */
export async function lastLines(unit: string, since: Date, count = 20): Promise<string[]> {
  try {
    const at = `@${String(Math.floor(since.getTime() / 1000))}`;
    const result = await run(['journalctl', '--quiet', '--no-pager', '--output=cat', `--lines=${String(count)}`, `--since=${at}`, '--unit', unit], {
      timeoutMs: TIMEOUT_MS,
    });
    return result.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.slice(0, MAX_LINE));
  } catch {
    return [];
  }
}
