import { expect, it } from 'vitest';
import { applySkip } from '../../../../lib/core/offer/skip-choice.ts';
import { available } from '../../../helpers/cli-device.ts';

const here = (skipped: string | null) => ({ settings: { skipped_version: skipped }, current: '1.5.0', installedBranch: 'beta' });
const SKIPPED = { outcome: 'skipped', reason: 'you chose to skip 1.4.0' } as const;

it.each([
  ['what is skipped', available(), '1.4.0', SKIPPED],
  ['another version that is skipped', available(), '1.3.0', { outcome: 'available', reason: null }],
  ['what was skipped already', available(SKIPPED), '1.4.0', SKIPPED],
  ['what is not skipped any more', available(SKIPPED), null, { outcome: 'available', reason: null }],
  [
    'what is older and not skipped any more',
    available({ ...SKIPPED, downgrade: true }),
    null,
    { outcome: 'available', reason: "it is older than 1.5.0, which is installed from the branch 'beta'" },
  ],
  ['what is held', available({ outcome: 'held', reason: 'it failed here' }), '1.4.0', { outcome: 'held', reason: 'it failed here' }],
  ['what waits', available({ outcome: 'waiting', reason: 'group 7' }), '1.4.0', { outcome: 'waiting', reason: 'group 7' }],
  ['what cannot be installed', available({ outcome: 'incompatible', reason: 'arm64' }), '1.4.0', { outcome: 'incompatible', reason: 'arm64' }],
])('knows the choice at once: %s', (_name, found, skipped, expected) => {
  expect(applySkip(found, here(skipped))).toEqual({ ...found, ...expected });
});
