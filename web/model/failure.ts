/** What went wrong last, in three plain sentences: what failed, what that means for the device now, what to do. */
import type { StatusAnswer } from '../../lib/core/http-api/api-answers.ts';
import type { Strings } from '../strings/en.ts';
import { isTrustCode } from '../strings/trust-en.ts';
import type { Verdict } from './verdict.ts';
import { verdictOf } from './verdict.ts';

export type Cause = keyof Strings['causes'];

/** By how a code begins; those about signatures are a group each, and any other, and those of later versions, are `other`. */
const CAUSES: readonly (readonly [Cause, RegExp])[] = [
  ['network', /^(OFF|CAP)/],
  ['server', /^(SERVE|TOO_S|DEA)/],
  ['source', /^(HTTP|NOT_F|RED|TLS)/],
  ['clock', /^CLOCK/],
  ['limit', /^RESP/],
  ['release', /^(MAN|BUN|PATH|DIG|SIZ|RELEASE_I)/],
  ['room', /^NO_[SI]/],
  ['disk', /^(IO|JO|UND|BRO|STATE)/],
  ['service', /^(SERVI|PROB|POST)/],
  ['backup', /^(NO_B|BACK)/],
  ['interrupted', /^(STEP|CANC)/],
  ['setup', /^(CONF|SET|PERM|DEST|FOR|SYS|BRA|PROX)/],
];

/** Groups of which the plain sentence does not know what to do: what the updater itself advises takes its place. */
const UNSURE: readonly Cause[] = ['source', 'limit', 'release', 'disk', 'setup', 'other'];

export interface FailureText {
  what: string;
  meaning: string;
  /** Null where only the hint knows. */
  todo: string | null;
  /** What the updater itself advises, in English; null when it does not. */
  hint: string | null;
  /** The updater's own words, in English; null for an update that was cut short and left none. */
  receipt: Verdict | null;
}

/** The group that a code belongs to. Without a code, it did not come to one. */
export function causeOf(code: string | null): Cause {
  if (code === null) return 'interrupted';
  return isTrustCode(code) ? code : (CAUSES.find(([, codes]) => codes.test(code))?.[0] ?? 'other');
}

/** Null when nothing is wrong, or something runs. */
export function failureOf(status: StatusAnswer, { chip, causes, steps, failed, meaning, todo }: Strings): FailureText | null {
  const receipt = verdictOf(status);
  const isOpen = status.rollback.is === 'open';
  if (receipt === null) {
    return isOpen && status.run?.state !== 'running'
      ? { what: `${chip.interrupted}.`, meaning: meaning.mixed, todo: todo.open, hint: null, receipt }
      : null;
  }
  const { outcome, step, code, to, tx, hint } = receipt;
  const cause = causeOf(code);
  const advice = cause === 'service' && step !== 'apply' ? 'other' : cause;
  const isBroken = outcome === 'broken';
  const isBack = outcome === 'rolled-back';
  // A rollback that is complete, to a release that does not stand: its files are there all the same.
  const wentBack = step === 'rollback' && tx !== null && to === status.current;
  return {
    what: code === null ? `${chip.interrupted}.` : `${failed(steps[step])}: ${causes[cause].what}`,
    meaning:
      isBroken || isOpen
        ? meaning.mixed
        : isBack && status.current !== null
          ? meaning.back(status.current)
          : meaning[wentBack ? 'wentBack' : 'unchanged'],
    todo: isBroken ? todo.broken : isOpen ? todo.open : hint !== null && UNSURE.includes(advice) ? null : causes[advice].todo,
    hint,
    receipt,
  };
}
