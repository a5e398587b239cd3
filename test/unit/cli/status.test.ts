import fs from 'node:fs';
import { expect, it } from 'vitest';
import { UpdateError } from '../../../lib/core/errors.ts';
import { statusCommand } from '../../../lib/cli/status.ts';
import { cliDevice } from '../../helpers/cli-device.ts';

it('has the eight names that every reader finds, and progress from /run', async () => {
  const device = cliDevice();
  device.setProgress({});
  device.looks.set('pikit-update-fetch.service', { active: true });
  fs.writeFileSync(device.deps.paths.version, '1.3.0\n');
  const status: unknown = JSON.parse((await device.run('status --json')).out);
  expect(status).toMatchObject({
    schema: 1,
    current: '1.3.0',
    latest: null,
    branch: 'stable',
    last_check: null,
    last_result: null,
    progress: { step: 'fetch', percent: 45 },
    backup_path: null,
    settings: { auto: 'check', time: '04:20' },
    rollback: { is: 'none' },
  });
});

it('works without systemd, and with damaged files', async () => {
  const device = cliDevice();
  device.setProgress({});
  const units = () => Promise.reject(new UpdateError('SYSTEMD_UNAVAILABLE', 'no bus'));
  fs.mkdirSync(device.deps.paths.stateDir, { recursive: true });
  fs.writeFileSync(device.deps.paths.state, '{');
  const done = await statusCommand({ ...device.deps, units }, { json: false });
  expect(done.exit).toBe(0);
  expect(device.printed()).toMatchObject({
    err: "warning: state.json is not valid JSON: it ends too early (line 1, column 2); moved it to 'ROOT/var/lib/pikit-update/state.json.damaged' and started a new one\n",
  });
});
