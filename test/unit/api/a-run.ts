/** A run, and a status with it, for tests. */
import type { StatusAnswer } from '../../../lib/core/http-api/api-answers.ts';
import type { Run } from '../../../lib/core/run/run.ts';
import { Settings, emptyState } from '../../../lib/core/device/state.ts';

export function run(more: Partial<Run> = {}): Run {
  return {
    id: 'r1',
    kind: 'update',
    by: 'owner',
    state: 'running',
    started: '2026-11-22T10:00:00.000Z',
    ended: null,
    steps: [],
    phase: null,
    version: null,
    percent: null,
    bytes: null,
    total_bytes: null,
    rate_bytes_per_s: null,
    seconds_left: null,
    can_cancel: true,
    outcome: null,
    code: null,
    message: null,
    hint: null,
    ...more,
  };
}

export function status(more: Partial<StatusAnswer> = {}): StatusAnswer {
  return {
    ...emptyState(),
    settings: Settings.parse({}),
    following: { selected: 'stable', used: 'stable', why: 'selected', message: null },
    rollback: { is: 'none' },
    run: null,
    ...more,
  };
}
