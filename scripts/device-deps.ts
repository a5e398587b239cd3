import { executeFile } from '../lib/io/execute-file.ts';
import { probe } from '../lib/io/probe.ts';
import { recordedServices, systemdServices } from '../lib/io/services.ts';
import { unitPrograms } from '../lib/io/unit-programs.ts';
import type { DeviceDeps, StepDeps } from '../lib/steps/deps.ts';

/** The edges of apply and rollback. */
export function deviceDeps(deps: StepDeps): DeviceDeps {
  return {
    ...deps,
    probe,
    execute: executeFile,
    unitPrograms,
    services: (config) => (config.services.manager === 'systemd' ? systemdServices(deps.now) : recordedServices(deps.paths.serviceActions, deps.now)),
  };
}
