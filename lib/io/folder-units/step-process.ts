/** The process that a step in a folder says it is: before a signal is sent, because what the file says anybody may have written. */
import fs from 'node:fs';
import { UpdateError } from '../../core/errors.ts';
import { Progress } from '../../core/device/state.ts';
import { readJsonFile } from '../state/json-file.ts';

/** Of the kernel's clock, on every architecture of Linux (sysconf(_SC_CLK_TCK)). */
const TICKS_PER_S = 100;
/** How much later than its own word a process may have begun: one that is younger got a number that was free again. */
const SLACK_S = 2;

/**
 * SIGTERM to the step whose report this is. Throws STEP_FAILED, and sends nothing, when that process is not of the user whose
 * report it is, or is younger than the report.
 */
export function terminateStep(report: string, pid: number): void {
  const problem = whyNotOurs(report, pid);
  if (problem === null) {
    process.kill(pid, 'SIGTERM');
    return;
  }
  throw new UpdateError('STEP_FAILED', `process ${String(pid)}, which '${report}' names, ${problem}: nothing was stopped`, {
    hint: `if no step is running, remove that file: \`rm ${report}\``,
  });
}

function whyNotOurs(report: string, pid: number): string | null {
  const progress = readJsonFile(report, Progress, 'progress.json');
  if (progress?.pid !== pid) return 'is not the one that reports';
  try {
    if (fs.statSync(`/proc/${String(pid)}`).uid !== fs.lstatSync(report).uid) return 'belongs to another user';
    return ageS(pid) + SLACK_S < (Date.now() - Date.parse(progress.started)) / 1000 ? 'began later than the step' : null;
  } catch {
    return 'is not there';
  }
}

function ageS(pid: number): number {
  const stat = fs.readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  // The name of the program is in parentheses, and may have any in it; the start is the 20th field after it.
  const start = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  return Number(fs.readFileSync('/proc/uptime', 'utf8').split(' ')[0]) - start / TICKS_PER_S;
}
