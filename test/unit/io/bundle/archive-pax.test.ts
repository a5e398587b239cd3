import { expect, it } from 'vitest';
import { paxBody, readLongName, readPax } from '../../../../lib/io/bundle/archive-pax.ts';

const refuse = (why: string): never => {
  throw new Error(why);
};
const path = (name: string): string => paxBody(name).toString();

it('reads what it writes', () => {
  for (const name of ['a b', 'gr\u00fc\u00dfe', 'n'.repeat(1000), 'x=y', ...Array.from({ length: 20 }, (_each, more) => 'n'.repeat(85 + more))]) {
    expect(readPax(paxBody(name), 'x', refuse)).toEqual({ path: name, size: null });
  }
});

it('reads over times, owners and attributes', () => {
  expect(readPax(Buffer.from('11 mtime=1\n10 uid=12\n'), 'x', refuse)).toEqual({ path: null, size: null });
  expect(readPax(Buffer.alloc(0), 'g', refuse)).toEqual({ path: null, size: null });
});

it.each([
  ['path-for-all', path('a'), 'g', "has the record 'path', which is not allowed there"],
  ['link', '14 linkpath=x\n', 'x', "has the record 'linkpath', which is not allowed there"],
  ['path-twice', path('a') + path('b'), 'x', "has the record 'path' twice"],
  ['nul', '12 path=a\0b\n', 'x', "has a NUL in the record 'path'"],
  ['size-that-is-none', '11 size=-1\n', 'x', 'has a size that is no number'],
  ['damaged', '5 path=x\n', 'x', 'has a record that is damaged'],
] as const)('refuses %s', (_name, text, kind, says) => {
  expect(() => readPax(Buffer.from(text), kind, refuse)).toThrow(says);
});

it('reads long names of GNU tar', () => {
  expect(readLongName(Buffer.from('a/b\0'), refuse)).toEqual({ path: 'a/b', size: null });
  expect(() => readLongName(Buffer.from('a\0b\0'), refuse)).toThrow('has a NUL in its path');
  expect(() => readLongName(Buffer.alloc(0), refuse)).toThrow('has an empty path');
});
