import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';

/** The time to put on everything: SOURCE_DATE_EPOCH, else the last commit, else package.json. */
export function sourceEpochSeconds(project: string): number {
  const given = process.env['SOURCE_DATE_EPOCH'];
  if (given !== undefined) {
    if (!/^\d+$/.test(given)) throw new Error(`SOURCE_DATE_EPOCH must be a number of seconds, not '${given}'`);
    return Number(given);
  }
  try {
    return Number(
      execFileSync('git', ['-C', project, 'log', '-1', '--format=%ct'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim(),
    );
  } catch {
    // No git, or no commit: a tree from a tarball.
    return Math.floor(fs.statSync(join(project, 'package.json')).mtimeMs / 1000);
  }
}
