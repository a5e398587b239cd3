import { expect, it } from 'vitest';
import { UpdateError } from '../../../lib/core/errors.ts';
import { endNetworkSteps } from '../../../lib/device/end-network-steps.ts';
import { cliDevice } from '../../helpers/cli-device.ts';

it('stops check and fetch where they run, and no other step', async () => {
  const device = cliDevice();
  for (const step of ['check', 'fetch', 'apply', 'recover']) device.looks.set(`pikit-update-${step}.service`, { active: true });
  const told: string[] = [];
  await endNetworkSteps(await device.deps.units(), (text) => told.push(text));
  expect(device.asked).toEqual(['stop pikit-update-check.service', 'stop pikit-update-fetch.service']);
  expect(told).toEqual(['check', 'fetch'].map((step) => `stopping pikit-update-${step}.service so that the rollback can start`));
});

it('goes on where systemd does not answer', async () => {
  const told: string[] = [];
  const gone = (): Promise<never> => Promise.reject(new UpdateError('SYSTEMD_UNAVAILABLE', 'the system bus cannot be reached'));
  await endNetworkSteps({ look: gone, stop: gone }, (text) => told.push(text));
  expect(told).toEqual(['check', 'fetch'].map((step) => `failed to stop pikit-update-${step}.service, ignoring: the system bus cannot be reached`));
});
