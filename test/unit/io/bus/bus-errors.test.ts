import { expect, it } from 'vitest';
import { refusal, unavailable } from '../../../../lib/io/bus/bus-errors.ts';
import { matching } from '../../../helpers/matchers.ts';

it.each([
  ['denied', 'org.freedesktop.DBus.Error.AccessDenied', 'Access denied', 'PERMISSION', /sudo/],
  ['missing', 'org.freedesktop.systemd1.NoSuchUnit', 'Unit a.service not found.', 'NOT_FOUND', /installed/],
  ['masked', 'org.freedesktop.systemd1.UnitMasked', 'Unit a.service is masked.', 'STEP_FAILED', /unmask/],
  ['polkit-masked', 'org.freedesktop.systemd1.UnitMasked', 'Unit polkit.service is masked.', 'PERMISSION', /sudo/],
  [
    'polkit-no-answer',
    'org.freedesktop.DBus.Error.TimedOut',
    "Failed to activate service 'org.freedesktop.PolicyKit1': timed out",
    'PERMISSION',
    /sudo/,
  ],
  ['shutdown', 'org.freedesktop.systemd1.ShuttingDown', 'Refusing, shutting down.', 'SYSTEMD_UNAVAILABLE', /try again when it is up/],
  ['anything-else', 'org.freedesktop.DBus.Error.NoReply', 'gone', 'SYSTEMD_UNAVAILABLE', /dbus/],
])('%s', (_name, type, text, code, hint) => {
  const cause = new Error(text);
  expect(refusal('StartUnit', type, text, cause)).toMatchObject({
    code,
    message: `systemd refused StartUnit: ${text.replace(/\.$/, '')}`,
    hint: matching(hint),
    cause,
  });
});

it('has a hint for a bus that is not there, unless there is a better one', () => {
  expect(unavailable('the system bus cannot be reached')).toMatchObject({ code: 'SYSTEMD_UNAVAILABLE', hint: matching(/package dbus/) });
  expect(unavailable('busy', undefined, 'wait').hint).toBe('wait');
});
