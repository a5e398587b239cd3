import { describe, expect, it } from 'vitest';
import type { Narrator } from '../../../lib/io/narrator.ts';
import { narrator } from '../../../lib/io/narrator.ts';

/** A narrator, and what it wrote where. */
function recording(toJournal: boolean): { say: Narrator; lines: string[] } {
  const lines: string[] = [];
  const say = narrator({ out: (line) => lines.push(`out ${line}`), err: (line) => lines.push(`err ${line}`), toJournal });
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
