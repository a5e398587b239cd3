import { expect, it } from 'vitest';
import { escaped, printable, printableJson, printableLines } from '../../../lib/core/printable.ts';

it.each([
  ['plain', 'grüße 🎉', 'grüße 🎉'],
  ['colour', 'a\u001b[31mb', 'a [31mb'],
  ['new-line', 'a\nerror: forged', 'a error: forged'],
  ['bidi', 'a\u202egnp.exe', 'a gnp.exe'],
  ['c1', 'a\u009bb', 'a b'],
  ['isolates', 'a\u2066b\u2069c\u2068', 'a b c '],
  ['marks', 'a\u200eb\u200fc\u061cd', 'a b c d'],
  ['line-separators', 'a\u2028b\u2029c', 'a b c'],
  ['zero-width-space', 'sta\u200bble\ufeff\u2060', 'stable'],
  ['soft-hyphen-and-fillers', 'sta\u00adble\u3164\u115f', 'stable'],
  ['annotation', 'a\ufff9b\ufffac\ufffb', 'abc'],
  ['stray-joiners', '\u200dsta\u200cble\u200d \u200c1', 'sta\u200cble 1'],
  ['hidden-tags', 'a\u{e0068}\u{e0069}\u{e007f}', 'a'],
  ['flag', '\u{1f3f4}\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}', '\u{1f3f4}\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}'],
  ['family', '👩\u200d👩\u200d👧', '👩\u200d👩\u200d👧'],
  ['skin-tone-and-hair', '👩🏽\u200d🦰', '👩🏽\u200d🦰'],
  ['heart-on-fire', '❤\ufe0f\u200d🔥', '❤\ufe0f\u200d🔥'],
  ['rainbow-flag', '🏳\ufe0f\u200d🌈', '🏳\ufe0f\u200d🌈'],
  ['arabic', 'قناة تجريبية', 'قناة تجريبية'],
  ['hebrew', 'ערוץ ניסוי', 'ערוץ ניסוי'],
  ['persian-with-joiner', 'نسخه\u200cها', 'نسخه\u200cها'],
  ['hindi-with-joiner', 'क्\u200dष', 'क्\u200dष'],
  ['accents', 'e\u0301', 'e\u0301'],
  ['half-a-character', 'a\ud83cb', 'a\ufffdb'],
])('%s', (_name, text, expected) => {
  expect(printable(text)).toBe(expected);
});

it('keeps lines, and cuts a long text', () => {
  expect(printableLines(' a\r\nb\u0007\nc ', 2)).toEqual(['a', 'b ', '…']);
  expect(printableLines('', 2)).toEqual([]);
});

it.each([
  ['plain', 'grüße 🎉 👩\u200d👩\u200d👧', 'grüße 🎉 👩\u200d👩\u200d👧'],
  ['bidi', 'a\u202egnp.exe', 'a\\u202egnp.exe'],
  ['escape-code', '\u001b[2J', '\\u001b[2J'],
  ['zero-width', 'sta\u200bble', 'sta\\u200bble'],
  ['hidden-tags', 'a\u{e0068}', 'a\\udb40\\udc68'],
])('writes out what cannot be shown: %s', (_name, text, expected) => {
  expect(escaped(text)).toBe(expected);
});

it('makes JSON of the same value, without anything that moves text', () => {
  const value = { 'a\u202e': ['\u001b[2J', 'x\u2028\u009b\u200b', '👩\u200d👧', 'a\nb'] };
  for (const indent of [undefined, 2]) {
    const text = printableJson(value, indent);
    expect(JSON.parse(text)).toEqual(value);
    expect(text).not.toMatch(/[\u202e\u2028\u009b\u200b]/);
    expect(text.split('\n').length > 1).toBe(indent !== undefined);
  }
});
