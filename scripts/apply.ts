import { apply } from '../lib/steps/apply.ts';
import { deviceDeps } from './device-deps.ts';
import { metadataTools } from './metadata-tools.ts';
import { runStep } from './run-step.ts';

await runStep({
  step: 'apply',
  summary: 'Installs the staged release, and rolls back if it fails its health check.',
  lockWaitMs: 120_000,
  body: (deps) => apply({ ...deviceDeps(deps), metadataTools }),
  unitEnding: async (unit) => await (await import('../lib/io/systemd/unit-ending.ts')).unitEnding(unit),
});
