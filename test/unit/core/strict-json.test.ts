import { describe, expect, it } from 'vitest';
import { findJsonProblem } from '../../../lib/core/strict-json.ts';

const SHA = 'a'.repeat(64);

describe('looseness', () => {
  it.each([
    ['top-level', '{"a":1,"a":2}', "'a'"],
    ['the-second-digest', `{"files":[{"sha256":"${SHA}","sha256":"${'b'.repeat(64)}"}]}`, "'sha256'"],
    ['with-blanks-before-the-colon', '{"a" : 1, "a"\n\t:2}', "'a'"],
    ['second-spelled-with-an-escape', '{"a":1,"\\u0061":2}', "'a'"],
    ['both-spelled-with-escapes', '{"\\u0061":1,"\\u0061":2}', "'a'"],
    ['empty-key', '{"":1,"":2}', "''"],
    ['key-with-escaped-quote', '{"\\"":1,"\\"":2}', `'"'`],
    ['key-that-ends-in-a-backslash', '{"a\\\\":1,"a\\\\":2}', "'a\\'"],
    ['after-a-nested-object', '{"a":{"b":1},"a":2}', "'a'"],
    ['after-an-array', '{"a":[1,{"b":[]}],"a":2}', "'a'"],
    ['proto', '{"__proto__":1,"__proto__":2}', "'__proto__'"],
    ['escape-codes-in-the-key', '{"\\u001b[31m":1,"\\u001b[31m":1}', "'\\u001b[31m'"],
  ])('finds a key that is there twice: %s', (_name, text, key) => {
    expect(() => {
      JSON.parse(text);
    }).not.toThrow();
    expect(findJsonProblem(text)).toBe(`the key ${key} appears twice in one object`);
  });

  it.each([
    ['nothing-twice', '{"a":1,"b":2}'],
    ['same-key-in-different-objects', '[{"a":1},{"a":{"a":[{"a":1}]}}]'],
    ['same-text-as-key-and-value', '{"a":"a","b":"a"}'],
    ['strings-in-an-array', '["a","a"]'],
    ['differs-in-case', '{"a":1,"A":2}'],
    ['braces-in-strings', '{"a":"{\\"a\\":1,\\"a\\":2}","b":"[[[}"}'],
    ['colon-in-a-value', '{"a":"b\\":","c":":"}'],
    ['scalar', '"a"'],
    ['empty', ''],
  ])('lets pass: %s', (_name, text) => {
    expect(findJsonProblem(text)).toBeNull();
  });

  it.each([
    ['arrays', '[', ']'],
    ['objects', '{"a":', '}'],
  ])('allows 64 levels of %s', (_name, open, close) => {
    expect(findJsonProblem(`${open.repeat(64)}${open === '[' ? '' : '1'}${close.repeat(64)}`)).toBeNull();
    expect(findJsonProblem(`${open.repeat(65)}${open === '[' ? '' : '1'}${close.repeat(65)}`)).toBe('it is nested more than 64 levels deep');
    expect(findJsonProblem(open.repeat(200_000))).toBe('it is nested more than 64 levels deep');
  });

  it('counts levels, not brackets', () => {
    expect(findJsonProblem(`[${'[],'.repeat(20_000)}{}]`)).toBeNull();
  });

  it.each([
    ['long-strings', `[${`"${'x'.repeat(1_000_000)}",`.repeat(7)}1]`],
    ['escapes-only', `[${`"${'\\"'.repeat(500_000)}",`.repeat(7)}1]`],
    ['many-keys', `{${Array.from({ length: 20_000 }, (_value, index) => `"${'k'.repeat(380)}${String(index)}":1`).join()}}`],
    ['many-blanks', `["a"${' '.repeat(8_000_000)}]`],
    ['many-strings-with-blanks', `[${`[${'"a"   ,'.repeat(19_000)}1],`.repeat(20)}1]`],
  ])('reads 8 MB in one pass: %s', (_name, text) => {
    expect(findJsonProblem(text)).toBeNull();
  });

  it.each([
    ['arrays', `[${'[],'.repeat(2_700_000)}1]`, 'an array in it has more than 25000 members'],
    ['objects', `[${'{},'.repeat(2_700_000)}1]`, 'an array in it has more than 25000 members'],
    ['numbers', `[${'1,'.repeat(4_000_000)}1]`, 'an array in it has more than 25000 members'],
    ['keys', `{${Array.from({ length: 30_000 }, (_value, index) => `"${String(index)}":1`).join()}}`, 'an object in it has more than 25000 members'],
    ['values-in-several-arrays', `[${`[${'1,'.repeat(20_000)}1],`.repeat(200)}1]`, 'it has more than 400000 values'],
    ['nested', `[${`[${'[[]],'.repeat(20_000)}1],`.repeat(200)}1]`, 'it has more than 400000 values'],
    ['one-string', `"${'x'.repeat(8_000_000)}"`, 'a text in it has more than 1048576 characters'],
    ['one-key', `{"${'x'.repeat(8_000_000)}":1}`, 'a text in it has more than 1048576 characters'],
    ['one-number', `[${'1'.repeat(8_000_000)}]`, 'a number in it has more than 400 digits'],
  ])('refuses what would be hundreds of megabytes of values: %s', (_name, text, says) => {
    expect(findJsonProblem(text)).toBe(says);
  });

  it.each(['"', '"\\', '{"a', '{"\\x":1}', '}}]]', ',,,', '{"a":1,"\\u00":2}'])('leaves to JSON.parse what is no JSON: %s', (text) => {
    expect(() => findJsonProblem(text)).not.toThrow();
  });
});
