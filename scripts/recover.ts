import { recoverStep } from '../lib/steps/recover.ts';
import { runStep } from './run-step.ts';

await runStep({
  step: 'recover',
  summary: 'At boot: undoes or finishes an update that was cut short.',
  lockWaitMs: 120_000,
  body: (deps) => recoverStep(deps),
});
