import { expect, it } from 'vitest';
import {
  AutoAnswer,
  BranchAnswer,
  BranchesAnswer,
  CancelAnswer,
  DismissAnswer,
  HistoryAnswer,
  PlanAnswer,
} from '../../../lib/core/http-api/api-answers.ts';
import { mockBackend } from '../../../lib/mock/backend.ts';
import { player } from '../../../lib/mock/player.ts';
import { handClock, readMockStates } from '../../helpers/played.ts';

const STATES = readMockStates();

function backend(first = 'available') {
  const clock = handClock();
  const playing = player(STATES, first, clock);
  return { clock, playing, backend: mockBackend(STATES, playing, clock) };
}

it('starts runs, one at a time', async () => {
  const { backend: mock, clock } = backend();
  expect(await mock.check()).toMatchObject({ kind: 'check', state: 'running' });
  await expect(mock.apply(null)).rejects.toMatchObject({ code: 'BUSY' });
  clock.pass(60_000);
  expect(await mock.apply('1.5.0')).toMatchObject({ kind: 'update', state: 'running' });
  clock.pass(60_000);
  expect(await mock.rollback()).toMatchObject({ kind: 'rollback', version: '1.4.0' });
  clock.pass(60_000);
  expect(await mock.status()).toMatchObject({ current: '1.4.0', run: { outcome: 'ok' } });
  expect(HistoryAnswer.parse(await mock.history(2)).history.map(({ step }) => step)).toEqual(['apply', 'rollback']);
});

it('installs only what is on offer, and goes back only where there is a backup', async () => {
  const { backend: mock, clock } = backend('no-backup');
  await expect(mock.apply('9.9.9')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await mock.apply(null);
  clock.pass(60_000);
  expect(await mock.status()).toMatchObject({ current: '1.4.0', run: { outcome: 'nothing' } });
  await mock.rollback();
  clock.pass(60_000);
  expect(await mock.status()).toMatchObject({ run: { outcome: 'failed', code: 'NO_BACKUP' } });
});

it('installs no other release under the version that was confirmed', async () => {
  const { backend: mock } = backend();
  await expect(mock.apply('1.5.0', { sha256: '0'.repeat(64) })).rejects.toMatchObject({ code: 'RELEASE_CHANGED' });
  const { available } = await mock.status();
  expect(await mock.apply('1.5.0', { sha256: available?.manifest_sha256 ?? null })).toMatchObject({ kind: 'update' });
});

it('stops what may be stopped', async () => {
  const { backend: mock, playing } = backend();
  expect(CancelAnswer.parse(await mock.cancel())).toEqual({ cancelled: [], result: null });
  await mock.apply(null);
  expect(CancelAnswer.parse(await mock.cancel())).toMatchObject({ cancelled: ['fetch'], result: { outcome: 'cancelled' } });
  playing.show(STATES.state('rolling-back'));
  await expect(mock.cancel()).rejects.toMatchObject({ code: 'BUSY' });
});

it('keeps what its owner chooses', async () => {
  const { backend: mock } = backend('notices');
  expect(AutoAnswer.parse(await mock.setAuto({ auto: 'install', time: null }))).toMatchObject({ auto: 'install', time: '04:20' });
  expect(AutoAnswer.parse(await mock.setAuto({ auto: 'off', time: '02:30' }))).toEqual({ auto: 'off', time: '02:30', next_check: null });
  expect(await mock.skip('1.5.0')).toEqual({ skipped_version: '1.5.0' });
  expect(await mock.status()).toMatchObject({ settings: { auto: 'off', time: '02:30', skipped_version: '1.5.0' } });
  expect(DismissAnswer.parse(await mock.dismiss('branch-removed:beta')).dismissed).toHaveLength(1);
  await expect(mock.dismiss('branch-removed:beta')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect((await mock.dismiss(null)).dismissed).toHaveLength(1);
});

it('says of what is on offer that its owner skips it, and takes that back', async () => {
  const { backend: mock } = backend();
  await mock.skip('1.5.0');
  expect((await mock.status()).available).toMatchObject({ outcome: 'skipped', reason: 'you chose to skip 1.5.0' });
  await mock.skip(null);
  expect((await mock.status()).available).toMatchObject({ outcome: 'available', reason: null });
});

it('names the next check, today or tomorrow', async () => {
  const { backend: mock, clock } = backend();
  const next = async (time: string): Promise<number> => {
    const answer = await mock.setAuto({ auto: 'check', time });
    return Date.parse(answer.next_check ?? '') - clock.now().getTime();
  };
  for (const time of ['00:00', '12:34', '23:59']) {
    const wait = await next(time);
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(25 * 3_600_000);
  }
});

it('follows branches that there are', async () => {
  const { backend: mock } = backend();
  expect(BranchAnswer.parse(await mock.branch('stable'))).toMatchObject({ run: null });
  expect(BranchAnswer.parse(await mock.branch('beta'))).toMatchObject({ following: { selected: 'beta', used: 'beta' }, run: { kind: 'check' } });
  expect(BranchesAnswer.parse(await mock.branches()).branches.filter(({ used }) => used)).toMatchObject([{ name: 'beta', selected: true }]);
  const { backend: other } = backend();
  expect(await other.branch('nightly')).toMatchObject({ following: { selected: 'nightly', used: 'stable', why: 'disabled' } });
  for (const one of [other, backend('branch-disabled').backend]) {
    const { branches, selected } = BranchesAnswer.parse(await one.branches());
    expect(branches.find(({ name }) => name === selected)).toMatchObject({ enabled: false, selected: true, used: false });
  }
  expect((await backend('branch-not-listed').backend.branches()).branches.map(({ name }) => name)).toEqual(['stable', 'nightly', 'issue_412']);
  await expect(other.branch('betta')).rejects.toMatchObject({
    code: 'BRANCH_UNKNOWN',
    hint: "did you mean 'beta'? available branches: stable, beta, nightly",
  });
});

it('plans what is available', async () => {
  expect(PlanAnswer.parse(await backend().backend.plan())).toMatchObject({ plan: { version: '1.5.0', from: '1.4.0', staged: false } });
  expect(PlanAnswer.parse(await backend('available-staged').backend.plan())).toMatchObject({ plan: { staged: true, download_bytes: 0 } });
  expect(PlanAnswer.parse(await backend('up-to-date').backend.plan())).toMatchObject({ plan: null });
});

it('tells of changes until the last watcher leaves', async () => {
  const { backend: mock, clock } = backend();
  let told = 0;
  const unwatch = await mock.watch(() => (told += 1));
  await mock.check();
  expect(told).toBe(1);
  unwatch();
  clock.pass(60_000);
  expect(told).toBe(1);
});
