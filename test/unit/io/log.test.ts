import { describe, expect, it } from 'vitest';
import { EVENTS } from '../../../lib/core/events.ts';
import type { Log } from '../../../lib/io/log.ts';
import { openLog } from '../../../lib/io/log.ts';

/** A narrator, and what it wrote where. */
function recording(toJournal: boolean): { say: Log; lines: string[] } {
  const lines: string[] = [];
  const say = openLog({ out: (line) => lines.push(`out ${line}`), err: (line) => lines.push(`err ${line}`), toJournal });
  return { say, lines };
}

const LEVELS = ['info', 'notice', 'warning', 'error', 'hint'] as const;

describe('narrator', () => {
  it('writes plain words and what is wrong to standard error on a terminal', () => {
    const { say, lines } = recording(false);
    for (const level of LEVELS) say[level]('x');
    expect(lines).toEqual(['out x\n', 'out x\n', 'err warning: x\n', 'err error: x\n', 'err hint: x\n']);
  });

  it('writes priorities to one stream for the journal', () => {
    const { say, lines } = recording(true);
    for (const level of LEVELS) say[level]('x');
    expect(lines).toEqual(['out <6>x\n', 'out <5>x\n', 'out <4>x\n', 'out <3>x\n', 'out <3>hint: x\n']);
  });

  it('writes entries with fields where the journal takes them, and lines where it does not', () => {
    const lines: string[] = [];
    const entries: Readonly<Record<string, string>>[] = [];
    const write = (fields: Readonly<Record<string, string>>): boolean => fields['MESSAGE'] !== 'too much' && entries.push(fields) > 0;
    const to = { out: (line: string) => lines.push(line), err: (line: string) => lines.push(line), toJournal: true };
    const say = openLog({ ...to, journal: { write, step: 'apply', run: 'run-1' } });
    say.info('restarted nginx');
    say.notice('too much', { is: 'installed' });
    say.error('it failed\u2028x', { is: 'failed', code: 'IO_ERROR', version: '1.0.0\nMESSAGE_ID=x' });
    say.hint('look');
    const own = {
      SYSLOG_IDENTIFIER: 'pikit-update-apply',
      OBJECT_SYSTEMD_UNIT: 'pikit-update-apply.service',
      PIKIT_STEP: 'apply',
      PIKIT_RUN: 'run-1',
    };
    expect(entries).toEqual([
      { ...own, PRIORITY: '6', MESSAGE: 'restarted nginx' },
      {
        ...own,
        PRIORITY: '3',
        MESSAGE: 'it failed x',
        MESSAGE_ID: EVENTS.failed.id,
        PIKIT_ERROR_CODE: 'IO_ERROR',
        PIKIT_VERSION: '1.0.0 MESSAGE_ID=x',
      },
      { ...own, PRIORITY: '3', MESSAGE: 'hint: look' },
    ]);
    expect(lines).toEqual(['<5>too much\n']);
    openLog({ ...to, toJournal: false, journal: { write, step: 'apply', run: 'run-1' } }).info('on a terminal');
    expect([entries.length, lines.at(-1)]).toEqual([3, 'on a terminal\n']);
  });

  it.each([
    ['forged-line', 'a\n<0>panic', 'a <0>panic'],
    ['carriage-return', 'a\rb', 'a b'],
    ['terminal-codes', '\u001b[2J\u009b31m', ' [2J 31m'],
    ['nul', 'a\0b', 'a b'],
    ['delete', 'a\u007fb', 'a b'],
    ['not-ascii', 'ä ✨', 'ä ✨'],
    ['right-to-left-override', 'arm\u202e46', 'arm 46'],
    ['line-separators', 'a\u2028b\u2029c', 'a b c'],
    ['zero-width', 'sta\u200bble', 'stable'],
    ['isolates', 'a\u2066b\u2069', 'a b '],
  ])('lets no control character through: %s', (_name, message, shown) => {
    const { say, lines } = recording(true);
    say.info(message);
    expect(lines).toEqual([`out <6>${shown}\n`]);
  });
});
