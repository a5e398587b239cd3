/** What is known of the signed metadata of the source, as the state tells it to people. It decides nothing. */
import { UpdateError, toUpdateError } from '../../core/errors.ts';
import type { TrustState } from '../../core/trust/trust-state.ts';
import { isTrustCode } from '../../core/trust/trust-words.ts';
import type { MetadataClient } from '../../io/trust/metadata-types.ts';
import type { StepDeps } from '../deps.ts';

/** Whether a failure is that of a signature, or of what it stands for. */
export function isAboutTrust(error: unknown): error is UpdateError {
  return error instanceof UpdateError && isTrustCode(error.code);
}

/** The whole chain was verified just now. */
export function goodTrust({ now }: Pick<StepDeps, 'now'>, client: Pick<MetadataClient, 'state'>): TrustState {
  const { root, timestamp, until } = client.state();
  return { root, timestamp, good: now().toISOString(), until: until?.toISOString() ?? null, problem: null };
}

/** Best effort, and of failures that are about signatures alone: what is offered and staged stays as it is. */
export function noteTrustProblem({ files, log }: Pick<StepDeps, 'files' | 'log'>, error: unknown): void {
  if (!isAboutTrust(error)) return;
  const { code, message, hint } = error;
  try {
    const state = files.readState();
    const known = state.trust ?? { root: files.readPublished()?.trust?.root ?? 0, timestamp: null, good: null, until: null };
    files.writeState({ ...state, trust: { ...known, problem: { code, message, hint } } });
  } catch (failure) {
    log.warning(`what is wrong with the signatures could not be written to the state (${toUpdateError(failure).message}), ignoring`);
  }
}
