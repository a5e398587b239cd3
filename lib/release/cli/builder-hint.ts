/** What the person at a build machine can do: many hints of lib/core are for the owner of a device instead. */
import type { ErrorCode, UpdateError } from '../../core/errors.ts';

const HINTS: Readonly<Partial<Record<ErrorCode, string>>> = {
  PERMISSION: 'look with `ls -ld` whose it is, and run this as a user that may write there',
  NO_SPACE: 'free some space there, and run it again',
  NO_INODES: 'delete small files there, and run it again',
  IO_ERROR: 'look at `dmesg` for what the disk reports, and run it again',
  OFFLINE: 'check the network of this machine, and run it again',
  SERVER_UNREACHABLE: 'check the address and the network of this machine, and run it again',
  CAPTIVE_PORTAL: 'if the network of this machine requires a login, log in with a browser; otherwise check the address',
  RELEASE_INCOMPATIBLE: 'use a newer version of pikit-release for this site',
  INTERNAL: 'this is a bug in pikit-release; please report it with the command and what it printed',
};

/** What only devices have. */
const OF_A_DEVICE = /\/etc\/pikit|source\.url|pikit-update|the unit|\bcard\b|apt-get|nothing was changed|check_timeout|the journal of this run/;

/** The hint of an error as pikit-release gives it: its own, unless that is for a device. */
export function builderHint({ code, hint }: UpdateError): string | null {
  if (hint === null || !OF_A_DEVICE.test(hint)) return hint;
  return HINTS[code] ?? null;
}
