/** What it means when the system bus, or systemd on it, says no or says nothing. */
import type { ErrorCode } from '../../core/errors.ts';
import { UpdateError } from '../../core/errors.ts';

const NO_BUS = 'is the package dbus installed and dbus.service running? without systemd set services.manager = "none"';
const AS_ROOT = 'run it as root, for example with sudo';
const GOING_DOWN = 'is the device about to shut down or restart? try again when it is up';

export function unavailable(message: string, cause?: unknown, hint = NO_BUS): UpdateError {
  return new UpdateError('SYSTEMD_UNAVAILABLE', message, { hint, cause });
}

const REFUSALS: Readonly<Record<string, { code: ErrorCode; hint: string }>> = {
  'org.freedesktop.DBus.Error.AccessDenied': { code: 'PERMISSION', hint: AS_ROOT },
  'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired': { code: 'PERMISSION', hint: AS_ROOT },
  'org.freedesktop.systemd1.NoSuchUnit': {
    code: 'NOT_FOUND',
    hint: 'is the package pikit-update installed? `systemctl daemon-reload` makes new units known',
  },
  'org.freedesktop.systemd1.UnitMasked': { code: 'STEP_FAILED', hint: '`systemctl unmask` with its name allows it again' },
  'org.freedesktop.systemd1.TransactionIsDestructive': { code: 'SYSTEMD_UNAVAILABLE', hint: GOING_DOWN },
  'org.freedesktop.systemd1.ShuttingDown': { code: 'SYSTEMD_UNAVAILABLE', hint: GOING_DOWN },
};

/** polkit, which systemd asks about users who are not root: masked or broken, its own error comes back. */
const OF_POLKIT = /\bpolkit\b|PolicyKit/i;

/** An answer that is an error: systemd refuses, or no process has its name. `type` is the error's name on the bus. */
export function refusal(member: string, type: string, text: string, cause: unknown): UpdateError {
  const known = OF_POLKIT.test(text) ? { code: 'PERMISSION' as const, hint: AS_ROOT } : REFUSALS[type];
  if (known === undefined) return unavailable(`systemd refused ${member}: ${text}`, cause);
  return new UpdateError(known.code, `systemd refused ${member}: ${text.replace(/\.$/, '')}`, { hint: known.hint, cause });
}
