import { endNetworkSteps } from '../lib/device/end-network-steps.ts';
import { systemdUnits } from '../lib/io/unit-runner.ts';
import { rollback } from '../lib/steps/rollback.ts';
import { deviceDeps } from './device-deps.ts';
import { runStep } from './run-step.ts';

await runStep({
  step: 'rollback',
  summary: 'Undoes an update that was interrupted; with none open, goes back to the release before.',
  lockWaitMs: 600_000,
  whileWaiting: async ({ paths, narrate }) => {
    if (paths.root !== '/') return;
    const units = systemdUnits();
    await endNetworkSteps(units, narrate.info);
    units.close();
  },
  body: (deps) => rollback(deviceDeps(deps)),
  unitEnding: async (unit) => await (await import('../lib/io/unit-ending.ts')).unitEnding(unit),
});
