import fs from 'node:fs';
import { expect, it } from 'vitest';
import { writeChecksummed } from '../../../lib/transaction/checksummed-json.ts';
import { cliDevice, receipt } from '../../helpers/cli-device.ts';

it('says where it goes, and goes there', async () => {
  const device = cliDevice();
  const folder = `${device.root}/var/backups/pikit/20261120T100000.000Z`;
  const after = { schema: 1, version: '1.4.0', branch: 'stable', files: [], dirs: [] };
  fs.mkdirSync(folder, { recursive: true });
  writeChecksummed(`${folder}/backup.json`, {
    schema: 1,
    tx: '0123abcd',
    from: '1.3.0',
    to: '1.4.0',
    created: 'x',
    files: [],
    absent: [],
    before: null,
    after,
  });
  device.onStart = () => {
    device.setState({ last_result: receipt({ step: 'rollback', message: 'rolled back' }) });
    return 'done';
  };
  expect(await device.run('rollback')).toEqual({ exit: 0, out: 'rolling back from 1.4.0 to 1.3.0\nrolled back\n', err: '' });
  expect(device.asked).toEqual(['start pikit-update-rollback.service']);
});

it('leaves it to the unit to find out that there is no backup', async () => {
  const device = cliDevice();
  device.onStart = () => {
    device.setState({ last_result: receipt({ step: 'rollback', outcome: 'failed', code: 'NO_BACKUP', message: 'there is no backup' }) });
    return 'failed';
  };
  expect(await device.run('rollback')).toEqual({ exit: 1, out: '', err: 'error: there is no backup\n' });
});

it('resolves an update that was cut short', async () => {
  const device = cliDevice();
  fs.mkdirSync(device.deps.paths.privateDir, { recursive: true });
  fs.writeFileSync(device.deps.paths.journal, '');
  expect(await device.run('rollback')).toMatchObject({
    exit: 0,
    out: 'resolving an interrupted update\nthe rollback finished without a result\n',
  });
});
