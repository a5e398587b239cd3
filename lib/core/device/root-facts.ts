/**
 * state.json as every reader sees it. What root alone knows comes from what root has published; the members of that name in state.json
 * are written for readers of the file, and stand in only where root has published nothing.
 */
import { STABLE } from '../release/branches.ts';
import type { SignedBy } from '../trust/trust-state.ts';
import type { PublicFacts } from './public-facts.ts';
import type { Receipt, State } from './state.ts';

export function withRootFacts(state: State, facts: PublicFacts | null): State {
  if (facts === null) return state;
  const { version, installed, held = state.held, drift = state.drift, backup_path = state.backup_path } = facts;
  const branch = version === null ? null : (installed?.branch ?? null);
  return {
    ...state,
    // What a check found on stable as well is a release of stable, wherever it was installed from.
    installed_branch: version !== null && state.promoted === version ? STABLE : branch,
    held,
    drift,
    backup_path,
    last_result: lastResult(state.last_result, facts.history),
  };
}

/** What state.json says of signatures counts only where there are any; whether there are, it does not say. */
export function withTrust({ trust, available, ...state }: State, unsigned: boolean): State {
  return { ...state, available: unsigned ? withoutSigner(available) : available, ...(unsigned || trust === undefined ? {} : { trust }), unsigned };
}

function withoutSigner(available: State['available']): State['available'] {
  if (available?.signed === undefined) return available;
  const offer = { ...available };
  delete offer.signed;
  return offer;
}

/** A device that is broken stays so until a step of root has changed its files: a search for updates is no news about it. */
function lastResult(known: Receipt | null, history: readonly Receipt[]): Receipt | null {
  const roots = history.findLast(({ step }) => step !== 'check' && step !== 'fetch') ?? null;
  if (roots === null) return known;
  if (known === null || roots.outcome === 'broken') return roots;
  // One that root could not publish, because its disk has errors, is no older than what is published.
  const isPublished = history.some(({ step, at }) => step === known.step && at === known.at);
  return known.outcome === 'broken' && isPublished ? roots : known;
}

/** Managed files that the owner had edited when the device came to this version. */
export function driftOf(history: readonly Receipt[], version: string | null): string[] {
  const change = history.findLast(({ tx, to, outcome }) => tx !== null && to === version && (outcome === 'ok' || outcome === 'failed'));
  return change?.drift ?? [];
}

/** Who signed the release of this version as it was installed last; null where that was not verified, or is not known. */
export function signedByOf(history: readonly Receipt[], version: string | null): SignedBy | null {
  if (version === null) return null;
  const installed = history.findLast(({ step, to, outcome }) => step === 'apply' && outcome === 'ok' && to === version);
  return installed?.signed ?? null;
}
