import { describe, expect, it } from 'vitest';
import type { LogLine } from '../../../../lib/core/http-api/api-answers.ts';
import { LogLine as Schema } from '../../../../lib/core/http-api/api-answers.ts';
import { JournalCursor, journalArguments, parseJournalEntry } from '../../../../lib/core/http-api/journal-line.ts';

const CURSOR = 's=f18ec289a4f1406c9c94252a87b42bc2;i=755;b=8fc3d747a1524f669416c3fb73c94df9;m=58c3bcfb0;t=660da33b973b1;x=8d43212820498a08';
const ENTRY = {
  __CURSOR: CURSOR,
  __REALTIME_TIMESTAMP: '1795340147192753',
  __MONOTONIC_TIMESTAMP: '23827566512',
  _BOOT_ID: '8fc3d747a1524f669416c3fb73c94df9',
  MESSAGE: 'up to date',
  PRIORITY: '5',
  SYSLOG_IDENTIFIER: 'pikit-update-check',
  _SYSTEMD_UNIT: 'pikit-update-check.service',
};

function parse(changes: Record<string, unknown>): LogLine | null {
  return parseJournalEntry(JSON.stringify({ ...ENTRY, ...changes }));
}

it('reads an entry as journalctl 252 prints it', () => {
  expect(parse({})).toEqual({ cursor: CURSOR, time: '2026-11-22T09:35:47.192Z', unit: 'check', priority: 5, message: 'up to date' });
});

describe('a message', () => {
  it.each<[name: string, value: unknown, message: string | RegExp]>([
    ['bytes-of-ansi', [97, 27, 91, 51, 49, 109, 98], 'a\u001b[31mb'],
    ['bytes-of-utf8', [...Buffer.from('größe 🌙\n')], 'größe 🌙\n'],
    ['broken-utf8', [0x61, 0xff, 0x62], 'a\ufffdb'],
    ['more-than-one-line', 'one\ntwo', 'one\ntwo'],
    ['markup', '<script>alert(1)</script>', '<script>alert(1)</script>'],
    ['twice', ['one', [116, 119, 111], null], /^one\ntwo\n\(a message of more than 4 KiB/],
    ['more-than-4-kib', null, /^\(a message of more than 4 KiB/],
    ['empty', '', ''],
    ['none', undefined, ''],
  ])('comes as text: %s', (_name, value, message) => {
    const line = parse({ MESSAGE: value });
    expect(line?.message).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
    expect(Schema.safeParse(line).success).toBe(true);
  });
});

describe('whose a line is', () => {
  it.each<[name: string, fields: Record<string, unknown>, unit: string | null]>([
    ['by-its-unit', { SYSLOG_IDENTIFIER: 'node' }, 'check'],
    ['by-its-name-when-the-unit-is-lost', { _SYSTEMD_UNIT: undefined, SYSLOG_IDENTIFIER: 'pikit-update-apply', _UID: '0' }, 'apply'],
    ['by-its-name-when-it-seems-to-be-systemd', { _SYSTEMD_UNIT: 'init.scope', SYSLOG_IDENTIFIER: 'pikit-update-apply', _UID: '0' }, 'apply'],
    ['by-its-name-of-the-user-of-check', { _SYSTEMD_UNIT: undefined, _UID: '999' }, 'check'],
    ...['apply', 'rollback', 'recover', 'auto', 'order'].flatMap((step): [string, Record<string, unknown>, string | null][] => [
      [`forged-${step}-without-a-unit`, { _SYSTEMD_UNIT: undefined, SYSLOG_IDENTIFIER: `pikit-update-${step}`, _UID: '999' }, null],
      [`forged-${step}-in-check`, { SYSLOG_IDENTIFIER: `pikit-update-${step}`, _UID: '999' }, 'check'],
      [`forged-${step}-in-the-api`, { _SYSTEMD_UNIT: 'pikit-update-api.service', SYSLOG_IDENTIFIER: `pikit-update-${step}`, _UID: '999' }, null],
      [`forged-${step}-in-a-session`, { _SYSTEMD_UNIT: 'session-1.scope', SYSLOG_IDENTIFIER: `pikit-update-${step}`, _UID: '0' }, null],
      [
        `forged-${step}-under-two-names`,
        { _SYSTEMD_UNIT: undefined, SYSLOG_IDENTIFIER: ['pikit-update-check', `pikit-update-${step}`], _UID: '999' },
        null,
      ],
      [
        `forged-${step}-as-what-systemd-says`,
        { _PID: '77', UNIT: `pikit-update-${step}.service`, _UID: '999', SYSLOG_IDENTIFIER: 'systemd' },
        'check',
      ],
    ]),
    ['of-a-template', { _SYSTEMD_UNIT: 'pikit-update-auto@off.service' }, 'auto'],
    ['of-a-connection', { _SYSTEMD_UNIT: 'pikit-update-order@3-4711-996.service', SYSLOG_IDENTIFIER: 'pikit-update-order' }, 'order'],
    ['of-a-connection-of-systemd-257', { _SYSTEMD_UNIT: 'pikit-update-order@3-4711_88-996.service' }, 'order'],
    [
      'what-systemd-says-of-it',
      { _PID: '1', UNIT: 'pikit-update-fetch.service', _SYSTEMD_UNIT: 'init.scope', SYSLOG_IDENTIFIER: 'systemd' },
      'fetch',
    ],
    ['what-another-says-of-it', { _PID: '99', UNIT: 'pikit-update-fetch.service', _SYSTEMD_UNIT: 'x.service', SYSLOG_IDENTIFIER: 'x' }, null],
    ['a-gate', { _SYSTEMD_UNIT: 'pikit-update-gate@fetch.service', SYSLOG_IDENTIFIER: 'pikit-update-gate' }, null],
    ['a-longer-name', { _SYSTEMD_UNIT: 'pikit-update-checker.service', SYSLOG_IDENTIFIER: 'x-pikit-update-check' }, null],
    ['no unit', { _SYSTEMD_UNIT: undefined, SYSLOG_IDENTIFIER: undefined }, null],
  ])('%s', (_name, fields, unit) => {
    expect(parse(fields)?.unit ?? null).toBe(unit);
  });
});

it.each<[priority: unknown, read: number]>([
  ['0', 0],
  ['7', 7],
  ['8', 6],
  ['x', 6],
  [['3', '4'], 6],
  [undefined, 6],
])('takes %j as priority %i', (priority, read) => {
  expect(parse({ PRIORITY: priority })?.priority).toBe(read);
});

it.each<[name: string, text: string]>([
  ['nothing', ''],
  ['half', JSON.stringify(ENTRY).slice(0, 50)],
  ['words', '-- No entries --'],
  ['no-cursor', JSON.stringify({ ...ENTRY, __CURSOR: undefined })],
  ['cursor-of-something-else', JSON.stringify({ ...ENTRY, __CURSOR: '../../etc' })],
  ['no-time', JSON.stringify({ ...ENTRY, __REALTIME_TIMESTAMP: 'now' })],
  ['time-without-end', JSON.stringify({ ...ENTRY, __REALTIME_TIMESTAMP: '9'.repeat(30) })],
  ['message-of-numbers-that-are-no-bytes', JSON.stringify({ ...ENTRY, MESSAGE: [1, 256] })],
  ['message-that-is-an-object', JSON.stringify({ ...ENTRY, MESSAGE: {} })],
  ['array', '[]'],
  ['null', 'null'],
])('passes over what is no entry: %s', (_name, text) => {
  expect(parseJournalEntry(text)).toBeNull();
});

it('takes only cursors that journalctl can have given', () => {
  expect(JournalCursor.safeParse(CURSOR).success).toBe(true);
  for (const no of ['', '--since=yesterday', `${CURSOR}\n`, CURSOR.toUpperCase(), `${CURSOR};x=1`, 's=1']) {
    expect(JournalCursor.safeParse(no).success, no).toBe(false);
  }
});

describe('what journalctl is asked', () => {
  const options = (list: readonly string[]): string[] => list.filter((text) => text.startsWith('-'));

  it('is for one unit: its lines, what systemd says of it, and what its processes said when they ended', () => {
    expect(journalArguments({ unit: 'check' }, 999).slice(4)).toEqual([
      '_SYSTEMD_UNIT=pikit-update-check.service',
      '+',
      '_PID=1',
      'UNIT=pikit-update-check.service',
      '+',
      'SYSLOG_IDENTIFIER=pikit-update-check',
      '_UID=0',
      '_UID=999',
    ]);
  });

  it.each(['apply', 'rollback', 'recover', 'auto', 'order'] as const)('believes root only of what is root’s: %s', (unit) => {
    expect(journalArguments({ unit }, 999).filter((text) => text.startsWith('_UID='))).toEqual(['_UID=0']);
  });

  it('is for every instance of a template', () => {
    expect(journalArguments({ unit: 'auto' }, 0).slice(4)).toEqual([
      ...['off', 'check', 'download', 'install'].map((name) => `_SYSTEMD_UNIT=pikit-update-auto@${name}.service`),
      '+',
      '_PID=1',
      ...['off', 'check', 'download', 'install'].map((name) => `UNIT=pikit-update-auto@${name}.service`),
      '+',
      'SYSLOG_IDENTIFIER=pikit-update-auto',
      '_UID=0',
    ]);
  });

  it('is for orders, whose units have names that cannot be known, by the name in the journal', () => {
    expect(journalArguments({ unit: 'order' }, 999).slice(4)).toEqual(['SYSLOG_IDENTIFIER=pikit-update-order', '_UID=0']);
  });

  it('is for all units together, from a cursor', () => {
    const asked = journalArguments({ cursor: CURSOR }, 0);
    expect(options(asked)).toEqual(['--quiet', '--no-pager', '--output=json', expect.stringMatching(/^--output-fields=/), `--cursor=${CURSOR}`]);
    expect(asked.filter((text) => text.startsWith('SYSLOG_IDENTIFIER='))).toHaveLength(7);
    expect(asked.join(' ')).not.toMatch(/\+ \+|json \+|\+$/);
  });
});
