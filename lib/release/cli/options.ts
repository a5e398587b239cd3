/** What the commands of pikit-release have in common on the command line. */
import { isBranchName } from '../../core/release/branches.ts';
import { usage } from '../../core/command-line/command-table.ts';

export interface BuildEnvironment {
  env: Readonly<Record<string, string | undefined>>;
  now: Date;
}

/** A name that a branch can have, `stable` included. */
export function parseBranchName(option: string, text: string): string {
  if (isBranchName(text)) return text;
  throw usage(`${option} '${text}' is not a valid branch name`, 'a name has 1 to 64 of a-z, 0-9 and _');
}

/** The percentage of `--rollout`; null when it was not given. */
export function parsePercent(text: string | undefined): number | null {
  if (text === undefined) return null;
  const percent = /^\d{1,3}(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (percent >= 0 && percent <= 100) return percent;
  throw usage(`--rollout '${text}' is not a percentage from 0 to 100`, 'for example: --rollout 20');
}

/** The time of a release: SOURCE_DATE_EPOCH where it is set, so that a site can be built twice alike; else now. */
export function releaseTime({ env, now }: BuildEnvironment): Date {
  const epoch = env['SOURCE_DATE_EPOCH'];
  if (epoch === undefined || epoch === '') return now;
  if (/^\d{1,11}$/.test(epoch)) return new Date(Number(epoch) * 1000);
  throw usage(`SOURCE_DATE_EPOCH '${epoch}' is not a number of seconds`, 'unset it, or set it to the seconds since 1970');
}
