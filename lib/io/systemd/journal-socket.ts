/**
 * Lines of a step with fields of their own, in the native protocol of the journal (https://systemd.io/JOURNAL_NATIVE_PROTOCOL):
 * one `FIELD=value` a line, one datagram an entry. Node has no such sockets: the unit's notify-exec opens one and leaves it as
 * a descriptor, which never blocks.
 */
import fs from 'node:fs';

/** Writes one entry; false when the journal does not take it now, and the caller has to write the line another way. */
export type WriteEntry = (fields: Readonly<Record<string, string>>) => boolean;

/** Well below what a socket takes at once. */
const MAX_BYTES = 64 * 1024;

/** The journal that the unit gives a step, or null. Values must be of one line, as `printable` leaves them. */
export function journalSocket(env: NodeJS.ProcessEnv): WriteEntry | null {
  const fd = Number(env['PIKIT_JOURNAL_FD'] ?? 'none');
  if (!Number.isInteger(fd) || fd <= 2) return null;
  return (fields) => {
    const entry = Buffer.from(
      Object.entries(fields)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    );
    if (entry.length > MAX_BYTES) return false;
    try {
      return fs.writeSync(fd, entry) === entry.length;
    } catch {
      // Safe to ignore: the journal has much to do, or is gone; the line goes to standard output then.
      return false;
    }
  };
}
