import { expect, it } from 'vitest';
import type { StatusAnswer } from '../../../../lib/core/http-api/api-answers.ts';
import { applySkipToState } from '../../../../lib/core/offer/skip-choice.ts';
import { readMockStates } from '../../../helpers/played.ts';

const STATES = readMockStates();

function skipping(state: string, version: string | null): StatusAnswer['available'] {
  const status = STATES.state(state);
  return applySkipToState({ ...status, settings: { ...status.settings, skipped_version: version } }).available;
}

it('is what every state of the mock says already', () => {
  for (const { name } of STATES.list) expect(applySkipToState(STATES.state(name)), name).toEqual(STATES.state(name));
});

it('skips the version on offer, and no other', () => {
  expect(skipping('available', '1.5.0')).toMatchObject({ outcome: 'skipped', reason: 'you chose to skip 1.5.0' });
  expect(skipping('available', '1.4.9')).toMatchObject({ outcome: 'available', reason: null });
  expect(skipping('up-to-date', '1.5.0')).toBeNull();
});

it('offers it again as it was offered before', () => {
  expect(skipping('skipped', null)).toEqual(STATES.state('available').available);
  const older = STATES.state('downgrade');
  const skipped = applySkipToState({ ...older, settings: { ...older.settings, skipped_version: '1.5.0' } });
  expect(skipped.available).toMatchObject({ outcome: 'skipped', downgrade: true });
  expect(applySkipToState({ ...skipped, settings: older.settings })).toEqual(older);
});

it('leaves what cannot be installed for another reason', () => {
  for (const state of ['held', 'waiting', 'incompatible']) expect(skipping(state, '1.5.0'), state).toEqual(STATES.state(state).available);
});
