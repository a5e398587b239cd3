/** What is known of the signatures: whether releases are signed here at all, by whom, until when that counts, and what is wrong with them. */
import type { StatusAnswer } from '../../lib/core/http-api/api-answers.ts';
import { plainText } from './text.ts';

type Trust = NonNullable<StatusAnswer['trust']>;
type SignedBy = NonNullable<StatusAnswer['signed']>;

export type TrustView =
  | { is: 'unsigned' }
  /** `until` is null before the first check. */
  | { is: 'good'; until: string | null }
  /** `good`: when they were verified last; null where they never were. */
  | { is: 'expired'; good: string | null; problem: Trust['problem'] }
  | { is: 'wrong'; problem: NonNullable<Trust['problem']> };

/** Signatures that are past their date count as expired at once, also where no check has found that yet. */
export function trustOf({ unsigned, trust = null }: Pick<StatusAnswer, 'unsigned' | 'trust'>, nowMs: number): TrustView {
  if (unsigned) return { is: 'unsigned' };
  if (trust === null) return { is: 'good', until: null };
  const { problem, good, until } = trust;
  if (problem?.code === 'METADATA_EXPIRED') return { is: 'expired', good, problem };
  if (problem !== null) return { is: 'wrong', problem };
  return until !== null && Date.parse(until) <= nowMs ? { is: 'expired', good, problem } : { is: 'good', until };
}

/** Whose signatures counted: by the names of the keys, and by their fingerprints where they have none. */
export function signersOf(keys: SignedBy['keys']): string {
  return keys.map(({ name, fingerprint }) => plainText(name ?? fingerprint)).join(', ');
}
