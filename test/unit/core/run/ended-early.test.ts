import { expect, it } from 'vitest';
import { endedEarly, hasSaidNothing, howEnded } from '../../../../lib/core/run/ended-early.ts';

it.each([
  ['oom-kill', null, 'out of memory'],
  ['timeout', 15, 'time limit exceeded'],
  ['watchdog', 6, 'watchdog timeout'],
  ['signal', 9, 'killed'],
  ['core-dump', 11, 'crashed'],
  ['exit-code', 203, 'systemd failed to start it: exit code 203'],
  ['exit-code', 1, null],
  ['success', 0, null],
  ['toString', null, null],
  [null, null, null],
])('knows how a unit ended that was ended: %s %s', (result, exitStatus, how) => {
  expect(howEnded({ result, exitStatus })).toBe(how);
});

it('says so of a step, and names the limit where that is why', () => {
  expect(endedEarly('check', { result: 'oom-kill', exitStatus: 9 })).toEqual({
    code: 'STEP_FAILED',
    message: 'the last check failed (out of memory)',
    hint: "`journalctl -u pikit-update-check.service` shows what it wrote; its limit is MemoryMax= of 'pikit-update-check.service'",
  });
  expect(endedEarly('fetch', null).message).toBe('the last fetch ended without a result');
});

it.each([
  ['a step that waited for another one for too long', 'exit-code', 75, 'BUSY', 'the last check gave up waiting: another update step was running'],
  ['one that systemd did not start', 'start-limit-hit', null, 'STEP_FAILED', 'the last check did not start: it was started too often'],
])('says so of %s', (_name, result, exitStatus, code, message) => {
  expect(endedEarly('check', { result, exitStatus })).toMatchObject({ code, message });
  expect(hasSaidNothing({ result, exitStatus })).toBe(true);
});

it('expects a line of a step that ended by itself', () => {
  for (const [result, exitStatus] of [
    ['exit-code', 1],
    ['success', 0],
  ] as const)
    expect(hasSaidNothing({ result, exitStatus })).toBe(false);
});
