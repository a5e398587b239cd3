import fs from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findRollbackTarget } from '../../../../lib/transaction/plan/rollback-target.ts';
import { writeChecksummed } from '../../../../lib/transaction/checksummed-json.ts';
import { cliDevice } from '../../../helpers/cli-device.ts';

const FOLDER = '/var/backups/pikit/20261120T100000.000Z';
const INSTALLED = { schema: 1, version: '1.4.0', branch: 'stable', files: [], dirs: [] };
const BACKUP = {
  schema: 1,
  tx: '0123abcd',
  from: '1.3.0',
  to: '1.4.0',
  created: '2026-11-20T10:00:00.000Z',
  files: [],
  absent: [],
  before: null,
  after: INSTALLED,
};

function put(path: string, value: object): void {
  fs.mkdirSync(dirname(path), { recursive: true });
  writeChecksummed(path, value);
}

describe('findRollbackTarget', () => {
  it('is none without a backup', () => {
    expect(findRollbackTarget(cliDevice().deps.place)).toEqual({ is: 'none' });
  });

  it('is the version that the newest backup leads to', () => {
    const device = cliDevice();
    put(`${device.root}${FOLDER}/backup.json`, BACKUP);
    put(device.deps.paths.installed, INSTALLED);
    expect(findRollbackTarget(device.deps.place)).toEqual({ is: 'there', path: FOLDER, from: '1.4.0', to: '1.3.0', created: BACKUP.created });
  });

  it('is none after going back: the backup leads away from another release', () => {
    const device = cliDevice();
    put(`${device.root}${FOLDER}/backup.json`, BACKUP);
    put(device.deps.paths.installed, { ...INSTALLED, version: '1.3.0' });
    expect(findRollbackTarget(device.deps.place)).toEqual({ is: 'none' });
  });

  it('knows an open update, and a damaged backup', () => {
    const device = cliDevice();
    put(`${device.root}${FOLDER}/backup.json`, { schema: 2 });
    expect(findRollbackTarget(device.deps.place)).toEqual({ is: 'damaged', path: FOLDER });
    put(device.deps.paths.journal, { v: 1 });
    expect(findRollbackTarget(device.deps.place)).toEqual({ is: 'open' });
  });
});
