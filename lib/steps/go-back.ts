/** After a failed or interrupted installation: restores the old files and restarts the services with them. */
import type { Config } from '../core/device/config.ts';
import type { UpdateError } from '../core/errors.ts';
import { toUpdateError } from '../core/errors.ts';
import type { Services } from '../io/systemd/services.ts';
import { readJournal } from '../transaction/journal.ts';
import { undo } from '../transaction/transaction.ts';
import type { Journal } from '../transaction/types.ts';
import type { RootStepDeps, StepFailure } from './deps.ts';
import { restartAndCheck } from './health.ts';
import { toFailure } from './outcome/receipts.ts';
import { recordUndone } from './outcome/transaction-result.ts';
import { withHint } from './source/with-hint.ts';

/** Restores exactly the old files; if those had changed, restarts the services with them. Throws when they could not be restored. */
export async function goBack(deps: RootStepDeps, config: Config, journal: Journal, services: Services, cause: UpdateError): Promise<StepFailure> {
  const hadBegun = readJournal(deps.place)?.phase !== 'preparing';
  const release = journal.to ?? 'the release';
  const isUnhealthy = cause.code === 'SERVICE_FAILED' || cause.code === 'PROBE_FAILED';
  const why =
    cause.code === 'CANCELLED'
      ? `the update to ${release} was stopped`
      : isUnhealthy
        ? `${release} failed its health check`
        : `failed to install ${release}`;
  if (hadBegun) deps.log.notice(`${why}; rolling back to ${journal.from ?? 'the old files'}`);
  deps.report({ phase: 'going-back', version: journal.from });
  undo(deps.place, journal, toFailure(cause), (undone) => {
    recordUndone(deps, 'apply', undone);
  });
  dropRollbackToken(deps);
  if (hadBegun) {
    deps.log.notice(`rolled back: the files ${journal.from === null ? 'from before' : `of ${journal.from}`} are restored`, {
      is: 'rolled-back',
      version: journal.from,
      branch: journal.branch,
    });
    await restartAfterUndo(deps, config, services);
  }
  return { outcome: 'failed', failure: withHint(cause, 'you can start it again at any time; nothing was changed'), recorded: true };
}

/** Services that ran into an interrupted update get the files that are there now. */
export async function restartOldServices(deps: RootStepDeps, config: Config): Promise<void> {
  const services = deps.services(config);
  await restartAfterUndo(deps, config, services);
  services.close();
}

/** The old release has run here before: a service that does not start now is logged, and does not change the outcome. */
async function restartAfterUndo(deps: RootStepDeps, config: Config, services: Services): Promise<void> {
  try {
    const restarted = await services.restart(config.services.restart);
    if (restarted.length > 0) deps.log.info(`${services.restarts} ${restarted.join(', ')} with the old files`);
    const leftAlone = await services.reloadWebServer();
    if (leftAlone !== null) deps.log.warning(`failed to reload nginx, ignoring: ${leftAlone}`);
  } catch (error) {
    deps.log.warning(`after the rollback, ignoring: ${toUpdateError(error).message}`);
  }
}

/** The transaction is closed: if this process dies now, rollback has nothing to undo. */
export function dropRollbackToken(deps: RootStepDeps): void {
  try {
    deps.files.dropToken('rollback');
  } catch (error) {
    deps.log.warning(`failed to remove the rollback token, ignoring: ${toUpdateError(error).message} (harmless)`);
  }
}

/** The restored release has run here before: a failing health check is logged, and does not change the outcome. */
export async function checkAfterResolving(deps: RootStepDeps): Promise<void> {
  let config: Config;
  try {
    config = deps.loadConfig();
  } catch (error) {
    deps.log.warning(`failed to restart the services, ignoring: ${toUpdateError(error).message}`);
    return;
  }
  const services = deps.services(config);
  const failure = await checkAgain(deps, config, services);
  services.close();
  if (failure !== null) deps.log.warning(`after the rollback, ignoring: ${failure.message}`);
}

/** Restarts and checks the health; a failure is returned, because the files are right even so. */
export async function checkAgain(deps: RootStepDeps, config: Config, services: Services): Promise<UpdateError | null> {
  try {
    await restartAndCheck(deps, config, services, []);
    return null;
  } catch (error) {
    return toUpdateError(error);
  }
}
