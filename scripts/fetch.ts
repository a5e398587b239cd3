import { fetchRelease } from '../lib/steps/fetch.ts';
import { networkDeps } from './network-deps.ts';
import { runStep } from './run-step.ts';

await runStep({
  step: 'fetch',
  summary: 'Downloads, verifies and stages the release that check found.',
  lockWaitMs: 60_000,
  body: (deps) => fetchRelease(networkDeps(deps)),
  unitEnding: async (unit) => await (await import('../lib/io/systemd/unit-ending.ts')).unitEnding(unit),
});
