/** The health check: restarts services, reloads nginx, watches units and probes pages. */
import type { Config } from '../core/device/config.ts';
import type { Services } from '../io/systemd/services.ts';
import type { RootStepDeps } from './deps.ts';

/**
 * Restarts the services (and `extra` units a release asks for) and makes sure they stand and the dashboard answers.
 * Throws SERVICE_FAILED or PROBE_FAILED naming the unit or address, CANCELLED. Starts nothing that the owner has stopped.
 */
export async function restartAndCheck(deps: RootStepDeps, config: Config, services: Services, extra: readonly string[]): Promise<void> {
  deps.report({ phase: 'restarting' });
  const restarted = await services.restart([...new Set([...config.services.restart, ...extra])]);
  if (restarted.length > 0) deps.log.info(`${services.restarts} ${restarted.join(', ')}`);
  const leftAlone = await services.reloadWebServer();
  if (leftAlone !== null) deps.log.warning(`failed to reload nginx, ignoring: ${leftAlone}`);
  deps.report({ phase: 'checking-health' });
  // The first that fails ends the others: there is no point in waiting for a page whose service has failed.
  const failed = new AbortController();
  const signal = AbortSignal.any([deps.signal, failed.signal]);
  const checks = [
    services.assertActive(restarted, config.health.settle, signal),
    ...config.health.http.map((url) => deps.probe(url, config.health.timeout, signal)),
  ];
  try {
    await Promise.all(checks);
  } finally {
    failed.abort();
    await Promise.allSettled(checks);
  }
}
