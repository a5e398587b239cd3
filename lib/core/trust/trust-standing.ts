/** How the signatures of the source stand now. Stale is never good: what is past its date counts as expired before a check has found that. */
import type { State } from '../device/state.ts';
import type { TrustState } from './trust-state.ts';

export type TrustStanding =
  /** This device verifies no signatures. */
  | { is: 'unsigned' }
  /** It does, and none were verified yet. */
  | { is: 'new' }
  | { is: 'good'; good: Date; until: Date | null }
  | { is: 'expired'; good: Date | null; problem: TrustState['problem'] }
  | { is: 'wrong'; good: Date | null; problem: NonNullable<TrustState['problem']> };

export function trustStanding({ unsigned, trust = null }: Pick<State, 'unsigned' | 'trust'>, now: Date): TrustStanding {
  if (unsigned) return { is: 'unsigned' };
  if (trust === null) return { is: 'new' };
  const { problem } = trust;
  const [good, until] = [dateOf(trust.good), dateOf(trust.until)];
  if (problem !== null && problem.code !== 'METADATA_EXPIRED') return { is: 'wrong', good, problem };
  if (problem !== null || (until !== null && until <= now)) return { is: 'expired', good, problem };
  return good === null ? { is: 'new' } : { is: 'good', good, until };
}

function dateOf(iso: string | null): Date | null {
  return iso === null ? null : new Date(iso);
}
