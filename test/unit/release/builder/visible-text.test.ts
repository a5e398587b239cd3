import { expect, it } from 'vitest';
import { visibleText } from '../../../../lib/release/builder/visible-text.ts';
import { matching } from '../../../helpers/matchers.ts';

const limits = { min: 1, max: 60 };

it.each([
  ['arabic', 'بيتا / إصدار مرشح'],
  ['hebrew-and-latin', 'גרסת Beta 2'],
  ['hebrew-with-marks', '\u200fגרסה\u200e 2'],
  ['emoji-of-five-code-points', 'Tests 👩‍🔬🧪 🏳️‍🌈'],
  ['japanese', 'ナイトリー'],
  ['combining', 'e\u0301'],
  ['outside-the-first-plane', '𝔅𝔢𝔱𝔞'],
])('keeps %s', (_name, text) => {
  expect(visibleText('the name', text, limits)).toBe(text);
});

it.each([
  ['newline', 'a\nb', /^the name has the control character U\+000A as its character 2$/],
  ['tab', '\ta', /U\+0009 as its character 1/],
  ['escape', '👍\u001b[31m', /U\+001B as its character 2/],
  ['nul', '\0', /U\+0000/],
  ['delete', 'a\u007f', /U\+007F/],
  ['c1', 'a\u009b31m', /U\+009B/],
  ['line-separator', 'a\u2028b', /U\+2028/],
  ['right-to-left-override', 'a\u202eb', /U\+202E/],
  ['isolate', '\u2066a', /U\+2066/],
  ['broken-utf-8', 'a\ufffd', /^the name has bytes that are not UTF-8$/],
  ['empty', '', /^the name is empty$/],
  ['blank', ' \u00a0', /^the name is empty$/],
  ['too-long', 'x'.repeat(61), /^the name has 61 characters, 60 are allowed$/],
])('refuses %s', (_name, text, says) => {
  expect(() => visibleText('the name', text, limits)).toThrow(expect.objectContaining({ code: 'INPUT_REFUSED', message: matching(says) }));
});
