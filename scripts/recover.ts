import { recoverStep } from '../lib/steps/recover.ts';
import { runStep } from './run-step.ts';

await runStep({
  step: 'recover',
  summary: 'Undoes or finishes an interrupted update at boot.',
  lockWaitMs: 120_000,
  body: (deps) => recoverStep(deps),
});
