import { rollback } from '../lib/steps/rollback.ts';
import { deviceDeps } from './device-deps.ts';
import { runStep } from './run-step.ts';

await runStep({
  step: 'rollback',
  summary: 'Undoes an update that was interrupted; with none open, goes back to the release before.',
  lockWaitMs: 600_000,
  body: (deps) => rollback(deviceDeps(deps)),
  unitEnding: async (unit) => await (await import('../lib/io/unit-ending.ts')).unitEnding(unit),
});
