/**
 * Lines of the journal as the HTTP API answers them, read from what `journalctl --output=json` prints: one object for each
 * line, every value a string; bytes that are not printable text as an array of numbers, a field that is there twice as an
 * array of those, and a field of 4096 bytes or more as null.
 */
import * as z from 'zod';
import type { LogLine } from './api-answers.ts';
import { LOG_UNITS } from './api-requests.ts';

type LogUnit = (typeof LOG_UNITS)[number];

/** A place in the journal, as journalctl gives it. */
export const JournalCursor = z
  .string()
  .regex(/^s=[0-9a-f]{1,32};i=[0-9a-f]{1,16};b=[0-9a-f]{1,32};m=[0-9a-f]{1,16};t=[0-9a-f]{1,16};x=[0-9a-f]{1,16}$/, 'must be the cursor of a line');

/** The members of an entry that `journalArguments` asks for. */
const FIELDS = ['MESSAGE', 'PRIORITY', 'SYSLOG_IDENTIFIER', '_SYSTEMD_UNIT', 'UNIT', '_PID', '_UID'];

const INFO = 6;
const TOO_LONG = '(a message of more than 4 KiB: journalctl --all shows it)';

const Bytes = z.array(z.int().min(0).max(255)).min(1);
const Once = z.union([z.string(), Bytes.transform((bytes) => new TextDecoder().decode(Uint8Array.from(bytes)))]);
const Field = z.union([Once, z.array(z.union([Once, z.null()])).transform((values) => values.map((value) => value ?? TOO_LONG).join('\n'))]);

const Entry = z.object({
  __CURSOR: JournalCursor,
  __REALTIME_TIMESTAMP: z.string().regex(/^\d{1,18}$/),
  MESSAGE: z.union([Field, z.null()]).default(''),
  PRIORITY: Field.optional(),
  SYSLOG_IDENTIFIER: Field.optional(),
  _SYSTEMD_UNIT: Field.optional(),
  UNIT: Field.optional(),
  _PID: Field.optional(),
  _UID: Field.optional(),
});

/** One line of journalctl's output; null for what is no entry of ours. The message is as it was written: showing it makes it harmless. */
export function parseJournalEntry(text: string): LogLine | null {
  const entry = Entry.safeParse(valueOf(text)).data;
  if (entry === undefined) return null;
  const unit = unitOf(entry);
  const at = new Date(Number(entry.__REALTIME_TIMESTAMP) / 1000);
  if (unit === null || Number.isNaN(at.getTime())) return null;
  return {
    cursor: entry.__CURSOR,
    time: at.toISOString(),
    unit,
    priority: /^[0-7]$/.test(entry.PRIORITY ?? '') ? Number(entry.PRIORITY) : INFO,
    message: entry.MESSAGE ?? TOO_LONG,
  };
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // what journalctl did not print whole
  }
}

/** The steps that network and servers have to do with run as a user of their own; root believes nothing that user says of the others. */
const OF_USER: readonly LogUnit[] = ['check', 'fetch'];

/**
 * By what journald itself has seen (fields with `_`), which no program can write. The last words of a process that ends have no
 * unit any more, or that of systemd: then its own name says whose they are (systemd #2913), and root's user that it may.
 */
function unitOf(entry: z.infer<typeof Entry>): LogUnit | null {
  const { _SYSTEMD_UNIT: seen, SYSLOG_IDENTIFIER: name } = entry;
  const byUnit = (entry._PID === '1' ? namedBy(entry.UNIT) : null) ?? namedBy(seen);
  if (byUnit !== null || !(seen === undefined || seen === 'init.scope')) return byUnit;
  const claimed = namedBy(name);
  return claimed !== null && (entry._UID === '0' || OF_USER.includes(claimed)) ? claimed : null;
}

function namedBy(name: string | undefined): LogUnit | null {
  const step = /^pikit-update-([a-z]+)(?:@[\w.:-]+?)?(?:\.service)?$/.exec(name ?? '')?.[1];
  return LOG_UNITS.find((known) => known === step) ?? null;
}

/** Of templates. An order has the number of its connection, its process and its user: its lines are found by the name that its unit gives them. */
const INSTANCES: Partial<Record<LogUnit, readonly string[]>> = { auto: ['@off', '@check', '@download', '@install'], order: [] };

/**
 * What journalctl is asked, without a command that follows. With a cursor the line at the cursor itself comes first if it
 * fits, and counts: `--after-cursor` would leave out the first line that fits when the cursor's own does not (systemd 252, 257).
 * Anybody may write under any SYSLOG_IDENTIFIER; only root is believed, and of check and fetch `uid`, as whom they run.
 */
export function journalArguments({ cursor, unit }: { cursor?: string | undefined; unit?: LogUnit | undefined }, uid: number): string[] {
  const units = unit === undefined ? LOG_UNITS : [unit];
  const groups = units.flatMap((name) => {
    const services = (INSTANCES[name] ?? ['']).map((of) => `pikit-update-${name}${of}.service`);
    return [
      ...(services.length === 0
        ? []
        : [services.map((service) => `_SYSTEMD_UNIT=${service}`), ['_PID=1', ...services.map((service) => `UNIT=${service}`)]]),
      [`SYSLOG_IDENTIFIER=pikit-update-${name}`, '_UID=0', ...(uid === 0 || !OF_USER.includes(name) ? [] : [`_UID=${String(uid)}`])],
    ];
  });
  return [
    '--quiet',
    '--no-pager',
    '--output=json',
    `--output-fields=${FIELDS.join(',')}`,
    ...(cursor === undefined ? [] : [`--cursor=${cursor}`]),
    ...groups.flatMap((group, index) => (index === 0 ? group : ['+', ...group])),
  ];
}
