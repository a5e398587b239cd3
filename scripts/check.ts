import { check } from '../lib/steps/check.ts';
import { networkDeps } from './network-deps.ts';
import { runStep } from './run-step.ts';

await runStep({
  step: 'check',
  summary: 'Asks the source for a release for this device, and records the result.',
  lockWaitMs: 10_000,
  body: (deps) => check(networkDeps(deps)),
  unitEnding: async (unit) => await (await import('../lib/io/systemd/unit-ending.ts')).unitEnding(unit),
});
