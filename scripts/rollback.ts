import { endNetworkSteps } from '../lib/device/end-network-steps.ts';
import { systemdUnits } from '../lib/io/systemd/unit-runner.ts';
import { rollback } from '../lib/steps/rollback.ts';
import { deviceDeps } from './device-deps.ts';
import { runStep } from './run-step.ts';

await runStep({
  step: 'rollback',
  summary: 'Undoes an interrupted update; without one, rolls back to the previous release.',
  lockWaitMs: 600_000,
  whileWaiting: async ({ paths, log: narrate }) => {
    if (paths.root !== '/') return;
    const units = systemdUnits();
    await endNetworkSteps(units, narrate.info);
    units.close();
  },
  body: (deps) => rollback(deviceDeps(deps)),
  unitEnding: async (unit) => await (await import('../lib/io/systemd/unit-ending.ts')).unitEnding(unit),
});
