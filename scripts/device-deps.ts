import { executeFile } from '../lib/io/process/execute-file.ts';
import { runHookUnit } from '../lib/io/process/hook-unit.ts';
import { probe } from '../lib/io/http/probe.ts';
import type { Services } from '../lib/io/systemd/services.ts';
import { recordedServices, systemdServices } from '../lib/io/systemd/services.ts';
import { sureEnd } from '../lib/io/process/sure-end.ts';
import { unitPrograms } from '../lib/io/systemd/unit-programs.ts';
import type { RootStepDeps, StepDeps } from '../lib/steps/deps.ts';

/** The edges of apply and rollback. Each wait for one of them ends, so that whatever waits can undo what it has begun. */
export function deviceDeps(deps: StepDeps): RootStepDeps {
  return {
    ...deps,
    probe: (url, ...rest) => sureEnd(`the probe of '${url}'`, () => probe(url, ...rest)),
    execute: (config) => (command, options) =>
      sureEnd('the command of the release', () =>
        deps.paths.root === '/' && config.services.manager === 'systemd'
          ? runHookUnit(command, { ...options, folder: deps.paths.orders })
          : executeFile(command, options),
      ),
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
