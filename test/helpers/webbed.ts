/**
 * Vitest's global set-up of the browser tests: installs Debian's Chromium when it is missing. A machine that cannot do it gets
 * the suites that need it skipped with the reason, or, with CI=true, a failed run.
 */
import { BedProblem, browserTools, installTools } from './bed-debian.ts';

export async function setup(): Promise<void> {
  try {
    await installTools(browserTools);
  } catch (error) {
    if (!(error instanceof BedProblem) || process.env['CI'] === 'true') throw error;
    console.warn(`browser tests: skipped: ${error.message}`);
  }
}
