import { expect, it } from 'vitest';
import { writeSettings } from '../../../lib/device/settings.ts';
import { Settings } from '../../../lib/core/state.ts';
import { cliDevice } from '../../helpers/cli-device.ts';

it('writes what the steps read', () => {
  const { deps } = cliDevice();
  writeSettings(deps, Settings.parse({ branch: 'beta' }), 'branch');
  expect(deps.files.readSettings().branch).toBe('beta');
});

it.each([
  ['EACCES', 'PERMISSION'],
  ['EIO', 'EIO'],
])('%s is %s', (errno, code) => {
  const { deps } = cliDevice();
  const files = {
    ...deps.files,
    writeSettings: () => {
      throw Object.assign(new Error('no'), { code: errno });
    },
  };
  expect(() => {
    writeSettings({ ...deps, files }, Settings.parse({}), 'branch');
  }).toThrow(expect.objectContaining({ code }));
});
