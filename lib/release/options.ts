/** What the commands of pikit-release have in common on the command line. */
import { isBranchName } from '../core/branches.ts';
import { UpdateError } from '../core/errors.ts';

export interface Surroundings {
  env: Readonly<Record<string, string | undefined>>;
  now: Date;
}

const NONE: string[] = [];
export const string = { type: 'string' } as const;
export const flag = { type: 'boolean', default: false } as const;
export const list = { type: 'string', multiple: true, default: NONE } as const;
export const common = { site: string, json: flag, help: { type: 'boolean', short: 'h', default: false } } as const;

/** A mistake on the command line: exit code 2. */
export function usage(message: string, details: { hint?: string; cause?: unknown } = {}): UpdateError {
  return new UpdateError('USAGE', message, details);
}

export function required(option: string, value: string | undefined): string {
  if (value === undefined || value === '') throw usage(`${option} is missing`);
  return value;
}

/** A name that a branch can have, `stable` included. */
export function parseBranchName(option: string, text: string): string {
  if (isBranchName(text)) return text;
  throw usage(`${option} '${text}' cannot be the name of a branch`, { hint: 'a name has 1 to 64 of a-z, 0-9 and _' });
}

/** The percentage of `--rollout`; null when it was not given. */
export function parsePercent(text: string | undefined): number | null {
  if (text === undefined) return null;
  const percent = /^\d{1,3}(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (percent >= 0 && percent <= 100) return percent;
  throw usage(`--rollout '${text}' is not a percentage from 0 to 100`);
}

/** The time of a release: SOURCE_DATE_EPOCH where it is set, so that a site can be built twice alike; else now. */
export function releaseTime({ env, now }: Surroundings): Date {
  const epoch = env['SOURCE_DATE_EPOCH'];
  if (epoch === undefined || epoch === '') return now;
  if (/^\d{1,11}$/.test(epoch)) return new Date(Number(epoch) * 1000);
  throw usage(`SOURCE_DATE_EPOCH '${epoch}' is not a number of seconds`);
}
