import { expect, it } from 'vitest';
import { changeSettings } from '../../../lib/device/settings.ts';
import { cliDevice } from '../../helpers/cli-device.ts';

it('changes what the steps read', async () => {
  const { deps } = cliDevice();
  expect((await changeSettings(deps, (now) => ({ ...now, branch: 'beta' }), 'branch')).after.branch).toBe('beta');
  expect(deps.files.readSettings().branch).toBe('beta');
});

it.each([
  ['EACCES', 'PERMISSION'],
  ['EIO', 'EIO'],
])('%s is %s', async (errno, code) => {
  const { deps } = cliDevice();
  const changing = () => Promise.reject(Object.assign(new Error('no'), { code: errno }));
  const files = { ...deps.files, changeSettings: changing };
  await expect(changeSettings({ ...deps, files }, (now) => now, 'branch')).rejects.toMatchObject({ code });
});
