import { expect, it } from 'vitest';
import type { StatusAnswer } from '../../../lib/core/http-api/api-answers.ts';
import type { Run } from '../../../lib/core/run/run.ts';
import type { Ending } from '../../../lib/mock/player.ts';
import { endOf } from '../../../lib/mock/ending.ts';
import { framesOf } from '../../../lib/mock/script.ts';
import type { Story } from '../../../lib/mock/types.ts';
import { readMockStates } from '../../helpers/played.ts';

const STATES = readMockStates();

/** What a device is after a run, by the frame before its end. */
function after(kind: Run['kind'], end: Ending, from = 'available'): StatusAnswer {
  const ending = end === 'ok' || end === 'nothing' ? end : STATES.failure(end);
  const begun = new Date('2026-11-22T09:00:00.000Z');
  const story: Story = { id: 'x', kind, by: 'owner', begun, base: STATES.state(from), end: ending ?? 'ok', defaults: STATES.defaults };
  const run = framesOf(story).at(-2)?.status.run;
  if (run === null || run === undefined) throw new Error('it has no frames');
  return endOf(story, run, new Date('2026-11-22T09:01:00.000Z'));
}

it('is on the new release after an update, and can go back from it', () => {
  const status = after('update', 'ok');
  expect(status).toMatchObject({ current: '1.5.0', available: null, staged: null, rollback: { is: 'there', from: '1.5.0', to: '1.4.0' } });
  expect(status.backup_path).toBe('/var/backups/pikit/20261122T090100Z-1.4.0');
  expect(status.last_result).toMatchObject({
    step: 'apply',
    outcome: 'ok',
    message: '1.5.0 is installed (before: 1.4.0)',
    from: '1.4.0',
    to: '1.5.0',
  });
  expect(after('update', 'ok', 'held').held).toEqual([]);
});

it('is on the release before after a rollback, which does not come back by itself', () => {
  const status = after('rollback', 'ok', 'updated');
  expect(status).toMatchObject({ current: '1.4.0', rollback: { is: 'none' }, held: [{ version: '1.5.0', reason: 'rolled-back' }] });
  expect(after('rollback', 'nothing', 'updated')).toMatchObject({ current: '1.5.0', rollback: { is: 'there' } });
});

it('knows what there is after a check', () => {
  expect(after('check', 'ok', 'skipped')).toMatchObject({ available: { outcome: 'skipped' }, latest: '1.5.0' });
  expect(after('check', 'ok', 'up-to-date')).toMatchObject({
    available: { version: '1.5.0' },
    latest: '1.5.0',
    last_check: '2026-11-22T09:01:00.000Z',
  });
  expect(after('check', 'nothing')).toMatchObject({ available: null, latest: '1.4.0' });
  expect(after('check', 'OFFLINE', 'up-to-date')).toMatchObject({ available: null, last_check: STATES.state('up-to-date').last_check });
});

it('has the release there after a download', () => {
  expect(after('download', 'ok')).toMatchObject({ current: '1.4.0', staged: { version: '1.5.0' } });
});

it('holds a version that failed here, and no other', () => {
  const failed = after('update', 'SERVICE_FAILED');
  expect(failed).toMatchObject({
    current: '1.4.0',
    available: { outcome: 'held' },
    held: [{ version: '1.5.0', reason: 'failed', code: 'SERVICE_FAILED' }],
  });
  expect(failed.available?.reason).toBe("it failed here before ('pikit-api.service' failed (exit-code))");
  expect(failed.last_result).toMatchObject({ subject: 'pikit-api.service', lines: [] });
  for (const code of ['IO_ERROR', 'NO_SPACE', 'CANCELLED'] as const)
    expect(after('update', code)).toMatchObject({ held: [], available: { outcome: 'available' } });
});
