import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EVENTS, catalogText, eventFields } from '../../../lib/core/events.ts';
import { temporary } from '../../helpers/device.ts';

/** For what monitoring is set up on devices: an id that changed would be an event that does not come any more. */
const IDS = {
  available: '6effd0698a334e9c91fa107ef177cfe4',
  downloaded: '3d80db5038f2479ca5016fb38e256c3b',
  installed: '9e2273b7bb1d460a97ce73250c8f1360',
  'rolled-back': 'ddc4be1af58546949384178aa05ea96b',
  failed: '74538673988e409ea12309dcaa28985b',
  untrusted: 'f7daf08ab17741edaebff9a363cb0c73',
  broken: 'ba5821dabab94cb3865c2d9b6903519d',
  held: '8b9bfd6d15004a6e80fc81dd0c805332',
  interrupted: '0b383f9bec024c76afa50dff5a0d846f',
  'branch-left': 'b6d9e05dc36c4d6285014e05f502fc47',
};

it('have ids that never change, each a random UUID of its own', () => {
  expect(Object.fromEntries(Object.entries(EVENTS).map(([name, { id }]) => [name, id]))).toEqual(IDS);
  for (const id of Object.values(IDS)) expect(id).toMatch(/^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
  expect(new Set(Object.values(IDS)).size).toBe(Object.keys(IDS).length);
});

it('have the fields that are known', () => {
  expect(eventFields({ is: 'failed', version: '1.1.0', branch: null, code: 'PROBE_FAILED' })).toEqual({
    MESSAGE_ID: IDS.failed,
    PIKIT_VERSION: '1.1.0',
    PIKIT_ERROR_CODE: 'PROBE_FAILED',
  });
  expect(eventFields({ is: 'installed', version: '1.1.0', signedBy: 'Ada, SHA256:b' })).toEqual({
    MESSAGE_ID: IDS.installed,
    PIKIT_VERSION: '1.1.0',
    PIKIT_SIGNED_BY: 'Ada, SHA256:b',
  });
  expect(eventFields({ is: 'branch-left', branch: 'beta' })).toEqual({ MESSAGE_ID: IDS['branch-left'], PIKIT_BRANCH: 'beta' });
});

describe('the catalog', () => {
  it('has an entry for each: a head, an empty line, what happened, what is safe, what to do', () => {
    const entries = catalogText().split(/^-- /m).slice(1);
    expect(entries.map((entry) => entry.slice(0, 32))).toEqual(Object.values(IDS));
    for (const entry of entries)
      expect(entry).toMatch(/^\w{32}\nSubject: .+\nDefined-By: .+\nDocumentation: file:.+\n\n(?:.{1,76}\n)+\n(?:.{1,76}\n)+\n(?:.{1,76}\n)+/);
    expect(entries[4]).toContain('Subject: The step @PIKIT_STEP@ of Pi-Kit Updater failed: @PIKIT_ERROR_CODE@\n');
  });

  it.skipIf(spawnSync('journalctl', ['--version']).error !== undefined)('is one that journalctl takes (skipped where it is not installed)', () => {
    const root = temporary();
    const folder = join(root, 'usr/lib/systemd/catalog');
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(join(folder, 'pikit-update.catalog'), catalogText());
    const update = spawnSync('journalctl', [`--root=${root}`, '--update-catalog'], { encoding: 'utf8' });
    expect([update.status, update.stderr]).toEqual([0, '']);
    const { stdout } = spawnSync('journalctl', [`--root=${root}`, '--list-catalog'], { encoding: 'utf8' });
    expect(stdout.trim().split('\n').toSorted()).toEqual(Object.values(EVENTS).map(({ id, subject }) => `${id} Pi-Kit Updater: ${subject}`).toSorted()); // prettier-ignore
  });
});
