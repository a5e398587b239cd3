import { executeFile } from '../lib/io/execute-file.ts';
import { probe } from '../lib/io/probe.ts';
import type { Services } from '../lib/io/services.ts';
import { recordedServices, systemdServices } from '../lib/io/services.ts';
import { sureEnd } from '../lib/io/sure-end.ts';
import { unitPrograms } from '../lib/io/unit-programs.ts';
import type { DeviceDeps, StepDeps } from '../lib/steps/deps.ts';

/** The edges of apply and rollback. Each wait for one of them ends, so that whatever waits can undo what it has begun. */
export function deviceDeps(deps: StepDeps): DeviceDeps {
  return {
    ...deps,
    probe: (url, ...rest) => sureEnd(`the look at '${url}'`, () => probe(url, ...rest)),
    execute: (...args) => sureEnd('the command of the release', () => executeFile(...args)),
    unitPrograms,
    services: (config) =>
      sureServices(config.services.manager === 'systemd' ? systemdServices(deps.now) : recordedServices(deps.paths.serviceActions, deps.now)),
  };
}

function sureServices(services: Services): Services {
  const what = 'what systemd was asked for';
  return {
    ...services,
    connect: () => sureEnd(what, () => services.connect()),
    restart: (units) => sureEnd(what, () => services.restart(units)),
    reloadWebServer: () => sureEnd(what, () => services.reloadWebServer()),
    assertActive: (...args) => sureEnd(what, () => services.assertActive(...args)),
  };
}
