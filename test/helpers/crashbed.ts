/**
 * Vitest's global set-up of the crash tests: installs what is missing. A machine that cannot do it gets the suites that need
 * it skipped with the reason, or, with CI=true, a failed run.
 */
import { BedProblem, crashTools, installTools } from './bed-debian.ts';

export async function setup(): Promise<void> {
  try {
    await installTools(crashTools);
  } catch (error) {
    if (!(error instanceof BedProblem) || process.env['CI'] === 'true') throw error;
    console.warn(`crash tests: some are skipped: ${error.message}`);
  }
}
