/** Who signed what, until when that counts, and what is wrong with it: one sentence each, with the way out. */
import { signersOf } from '../core/trust/signed-words.ts';
import type { SignedBy } from '../core/trust/trust-state.ts';
import { trustStanding } from '../core/trust/trust-standing.ts';
import { TRUST_SAFE, TRUST_WORDS, isTrustCode } from '../core/trust/trust-words.ts';
import type { Status } from '../device/status.ts';
import { bothTimes, pastTime } from './times.ts';

/** `signed by Ada; expires in 31 days (2026-12-21 10:04)`, and which branch the keys are of where they are of one alone. */
export function signedText(signed: SignedBy, now: Date): string {
  const { role, until } = signed;
  const branch = /^branch-(.+)$/.exec(role)?.[1];
  const whose = branch === undefined ? '' : `, for the branch ${branch} alone`;
  const [at, isPast] = [new Date(until), Date.parse(until) <= now.getTime()];
  return `signed by ${signersOf(signed)}${whose}; ${isPast ? 'expired' : 'expires'} ${bothTimes(at, now)}`;
}

/** What to say of the signatures of the source as a whole. */
export function signaturesValues(status: Pick<Status, 'unsigned' | 'trust' | 'last_result'>, now: Date): string[] {
  const standing = trustStanding(status, now);
  const last = status.last_result;
  const said = (problem: { message: string; hint: string | null } | null): string[] =>
    problem === null || problem.message === last?.message ? [] : [problem.message, ...(problem.hint === null ? [] : [`hint: ${problem.hint}`])];
  switch (standing.is) {
    case 'unsigned':
      return ['not verified: releases are checked for damage only; `pikit-update trust` tells how to change that'];
    case 'new':
      return ['required; none were verified yet'];
    case 'good':
      return [`verified ${pastTime(standing.good, now)}${standing.until === null ? '' : `; they expire ${bothTimes(standing.until, now)}`}`];
    case 'expired':
      return [`stale: last known good ${lastGood(standing.good, now)}; nothing is installed until they are renewed`, ...said(standing.problem)];
    case 'wrong':
      return [
        `not valid: ${whatIsWrong(standing.problem.code)}`,
        `${TRUST_SAFE}; last known good ${lastGood(standing.good, now)}`,
        ...said(standing.problem),
      ];
    default:
      return standing satisfies never;
  }
}

/** In one plain sentence; a code of another version has none. */
export function whatIsWrong(code: string): string {
  return isTrustCode(code) ? TRUST_WORDS[code].what : 'the signatures of the source are not valid';
}

function lastGood(good: Date | null, now: Date): string {
  return good === null ? 'never' : pastTime(good, now);
}
