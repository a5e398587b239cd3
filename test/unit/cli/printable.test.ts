import { expect, it } from 'vitest';
import { printable, printableLines } from '../../../lib/cli/printable.ts';

it.each([
  ['plain', 'grüße 🎉', 'grüße 🎉'],
  ['colour', 'a\u001b[31mb', 'a [31mb'],
  ['new-line', 'a\nerror: forged', 'a error: forged'],
  ['bidi', 'a\u202egnp.exe', 'a gnp.exe'],
  ['c1', 'a\u009bb', 'a b'],
])('%s', (_name, text, expected) => {
  expect(printable(text)).toBe(expected);
});

it('keeps lines, and cuts a long text', () => {
  expect(printableLines(' a\r\nb\u0007\nc ', 2)).toEqual(['a', 'b ', '…']);
  expect(printableLines('', 2)).toEqual([]);
});
