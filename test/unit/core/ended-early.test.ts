import { expect, it } from 'vitest';
import { endedEarly, howEnded } from '../../../lib/core/ended-early.ts';

it.each([
  ['oom-kill', null, 'out of memory'],
  ['timeout', 15, 'it took longer than it may'],
  ['watchdog', 6, 'it gave no sign of life'],
  ['signal', 9, 'it was killed'],
  ['core-dump', 11, 'it crashed'],
  ['exit-code', 203, 'systemd could not start it (203)'],
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
    message: 'the last check was ended: out of memory',
    hint: "`journalctl -u pikit-update-check.service` shows what it wrote; its limit is MemoryMax= of 'pikit-update-check.service'",
  });
  expect(endedEarly('fetch', null).message).toBe('the last fetch was ended before it could say what it came to');
});
