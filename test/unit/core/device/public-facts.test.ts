import { expect, it } from 'vitest';
import { PublicFacts, RollbackTarget } from '../../../../lib/core/device/public-facts.ts';
import { receipt } from '../../../helpers/cli-device.ts';

const PUBLISHED: PublicFacts = {
  schema: 1,
  version: '1.4.0',
  installed: { branch: 'stable', files: [{ path: '/var/www/x', sha256: 'a'.repeat(64), size: 1, mode: '0644' }], dirs: ['/var/www'] },
  rollback: { is: 'there', path: '/b', from: '1.4.0', to: null, created: '2026-11-20T10:00:00.000Z' },
  history: [receipt({})],
};

it('is whole, or damaged', () => {
  expect(PublicFacts.parse(PUBLISHED)).toEqual(PUBLISHED);
  expect(PublicFacts.parse({ ...PUBLISHED, version: null, installed: null, history: [] })).toMatchObject({ version: null });
  for (const more of [
    { more: 1 },
    { schema: 2 },
    { history: [{}] },
    { rollback: { is: 'there' } },
    { installed: { branch: 'stable', files: [{}] } },
  ]) {
    expect(PublicFacts.safeParse({ ...PUBLISHED, ...more }).success).toBe(false);
  }
});

it.each([{ is: 'open' }, { is: 'none' }, { is: 'private' }, { is: 'damaged', path: '/b' }])('knows %j', (target) => {
  expect(RollbackTarget.parse(target)).toEqual(target);
});
