import { expect, it } from 'vitest';
import { liveProgress, runningSteps, unitOf } from '../../../lib/device/running.ts';
import { cliDevice } from '../../helpers/cli-device.ts';

it('believes a report only while its process is there', () => {
  const alive = cliDevice();
  expect(liveProgress(alive.deps)).toBeNull();
  alive.setProgress({});
  expect(liveProgress(alive.deps)).toMatchObject({ step: 'fetch' });
  const dead = cliDevice({ alive: false });
  dead.setProgress({});
  expect(liveProgress(dead.deps)).toBeNull();
});

it('asks the units what runs, and in a folder the report too', async () => {
  const device = cliDevice();
  device.setProgress({ step: 'check' });
  device.looks.set(unitOf('apply'), { active: true });
  expect(await runningSteps(device.deps, ['check', 'fetch', 'apply'])).toEqual(['apply']);
  expect(await runningSteps({ ...device.deps, terminate: () => undefined }, ['check', 'fetch', 'apply'])).toEqual(['check', 'apply']);
});
