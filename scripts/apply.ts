import { apply } from '../lib/steps/apply.ts';
import { deviceDeps } from './device-deps.ts';
import { runStep } from './run-step.ts';

await runStep({
  step: 'apply',
  summary: 'Installs the staged release; if it does not work here, everything is as before.',
  lockWaitMs: 120_000,
  body: (deps) => apply(deviceDeps(deps)),
  unitEnding: async (unit) => await (await import('../lib/io/unit-ending.ts')).unitEnding(unit),
});
