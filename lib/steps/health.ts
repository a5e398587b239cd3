/** Does the device work with what is on it now? Services restarted, nginx told, units watched, pages asked for. */
import type { Config } from '../core/config.ts';
import type { Services } from '../io/services.ts';
import type { DeviceDeps } from './deps.ts';

/**
 * Restarts the services (and `extra` units a release asks for) and makes sure they stand and the dashboard answers.
 * Throws SERVICE_FAILED or PROBE_FAILED naming the unit or address, CANCELLED. Starts nothing that the owner has stopped.
 */
export async function bringUp(deps: DeviceDeps, config: Config, services: Services, extra: readonly string[]): Promise<void> {
  deps.report({ phase: 'restarting' });
  const restarted = await services.restart([...new Set([...config.services.restart, ...extra])]);
  if (restarted.length > 0) deps.narrate.info(`${services.restarts} ${restarted.join(', ')}`);
  const leftAlone = await services.reloadWebServer();
  if (leftAlone !== null) deps.narrate.warning(`nginx was not reloaded, ignoring: ${leftAlone}`);
  deps.report({ phase: 'checking-health' });
  // The first that fails ends the others: nobody waits for a page whose service has already fallen.
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
