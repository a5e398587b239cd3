/** The list of branches, as the source has it now or as it was last seen. */
import type { Branch } from '../../core/release/branches.ts';
import { BRANCHES_MAX_BYTES, STABLE, parseBranches } from '../../core/release/branches.ts';
import type { BranchQuestion } from '../../core/offer/branch-choice.ts';
import { decideBranch } from '../../core/offer/branch-choice.ts';
import type { Config } from '../../core/device/config.ts';
import { UpdateError } from '../../core/errors.ts';
import { BRANCHES_NAME } from '../../core/release/site-layout.ts';
import { isAboutTrust } from '../trust/trust-notes.ts';
import type { Asking, DocumentKind } from './cached-document.ts';
import { cachedDocument, requestDocument } from './cached-document.ts';
import type { NetworkDeps, StepDeps } from '../deps.ts';

export interface ListAnswer extends Pick<BranchQuestion, 'list' | 'answer'> {
  /** Why there is no list but the last known one, if there should be. A source without a list is none of that. */
  failure: UpdateError | null;
}

/**
 * Asks the source for its list; when it has none to give, the last good one takes its place, and is kept. Throws CANCELLED, and
 * what is wrong with the signed metadata: no other list takes the place of one that is signed.
 * `branch`: the one that is chosen, which the request tells the source.
 */
export async function requestBranches(deps: NetworkDeps, config: Config, branch: string, asking: Asking = 'now'): Promise<ListAnswer> {
  const known = cachedBranches(deps, config);
  try {
    // Where it can do without, a second try is not worth the wait: the manifest is asked for next, and that is tried again.
    const { value } = await requestDocument(deps, config, { ...LIST, branch, retries: known === null && branch !== STABLE ? 2 : 0 }, asking);
    return { list: value, answer: 'list', failure: null };
  } catch (error) {
    if (!(error instanceof UpdateError)) throw error;
    if (error.code === 'NOT_FOUND') return { list: known, answer: 'none', failure: null };
    // A list from before the releases were signed says nothing now.
    if (error.code === 'SIGNATURE_MISSING') return { list: null, answer: 'none', failure: null };
    if (error.code === 'CANCELLED' || isAboutTrust(error)) throw error;
    return { list: known, answer: 'failed', failure: error };
  }
}

/** The list as this source last had it, or null. */
export function cachedBranches(deps: StepDeps, config: Config): Branch[] | null {
  return cachedDocument(deps, config, LIST)?.value ?? null;
}

const LIST: Omit<DocumentKind<Branch[]>, 'branch' | 'retries'> = {
  path: BRANCHES_NAME,
  what: 'the list of branches',
  maxBytes: BRANCHES_MAX_BYTES,
  parse: parseBranches,
};

/** By the owner's choice and the last good list; sends no request. */
export function branchAsKnown(deps: StepDeps, config: Config, selected: string): string {
  const list = selected === STABLE ? null : cachedBranches(deps, config);
  return decideBranch({ selected, list, answer: 'not-asked' }).used ?? STABLE;
}
