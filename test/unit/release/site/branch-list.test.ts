import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BranchEntry } from '../../../../lib/release/site/branch-list.ts';
import { changeBranchList, entryOf } from '../../../../lib/release/site/branch-list.ts';
import { matching } from '../../../helpers/matchers.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { fingerprint } from '../../../helpers/tree.ts';

const dir = useTempDir();
const path = (): string => join(dir(), 'branches.json');
const written = (): string => fs.readFileSync(path(), 'utf8');
const put = (text: string): void => {
  fs.writeFileSync(path(), text);
};
const edit =
  (name: string, fields: BranchEntry) =>
  (entries: readonly BranchEntry[]): BranchEntry[] =>
    entries.map((entry) => (entry['name'] === name ? { ...entry, ...fields } : entry));

describe('changeBranchList', () => {
  it('changes what was asked for, in place, and keeps what it does not know', () => {
    put('[{"mood":["fine",1.5,null],"name":"b","enabled":false},{"name":"a","__proto__":{"x":1},"windows":false}]');
    expect(changeBranchList(dir(), edit('a', { linux: false }))).toBe(true);
    expect(written()).toBe(`[
  {
    "mood": [
      "fine",
      1.5,
      null
    ],
    "name": "b",
    "enabled": false
  },
  {
    "name": "a",
    "__proto__": {
      "x": 1
    },
    "windows": false,
    "linux": false
  }
]
`);
    expect(fs.readdirSync(dir())).toEqual(['branches.json', 'branches_sequence.json']);
    expect((fs.statSync(path()).mode & 0o777).toString(8)).toBe('644');
  });

  it('writes any writing as it is', () => {
    put('[]\n');
    changeBranchList(dir(), () => [{ name: 'beta', display_name: 'نسخة 👩‍🔬' }]);
    expect(written()).toContain('"display_name": "نسخة 👩‍🔬"');
  });

  it('does not touch a list that stays the same, however it is formatted', () => {
    put('[ {"name":"a"} ]');
    const before = fingerprint(dir());
    expect(changeBranchList(dir(), (entries) => entries.map((entry) => ({ ...entry })))).toBe(false);
    expect(fingerprint(dir())).toEqual(before);
  });

  it('finishes the record of a run that was cut short after the list, also where nothing is left to change', () => {
    const record = join(dir(), 'branches_sequence.json');
    put('[{"name":"a"}]');
    changeBranchList(dir(), edit('a', { linux: false }));
    const cut = fs.readFileSync(record);
    changeBranchList(dir(), edit('a', { linux: true }));
    const whole = fs.readFileSync(record, 'utf8');
    fs.writeFileSync(record, cut);
    fs.writeFileSync(`${record}.tmp`, whole.slice(0, 9));
    expect(changeBranchList(dir(), edit('a', { linux: true }))).toBe(false);
    expect(fs.readFileSync(record, 'utf8')).toBe(whole);
    expect(fs.existsSync(`${record}.tmp`)).toBe(false);
  });

  it('gives way to a process that wrote the list meanwhile', () => {
    put('[]\n');
    const change = (): BranchEntry[] => {
      put('[{"name":"theirs"}]');
      return [{ name: 'ours' }];
    };
    expect(() => changeBranchList(dir(), change)).toThrow(expect.objectContaining({ code: 'BUSY' }));
    expect(written()).toBe('[{"name":"theirs"}]');
  });

  it.each<[string, BranchEntry[], RegExp]>([
    ['name', [{ name: 'Beta' }], /'\[0\]\.name'/],
    ['twice', [{ name: 'a' }, { name: 'a' }], /'a' is listed twice/],
    ['too-many', Array.from({ length: 1001 }, (_, index) => ({ name: `b${String(index)}` })), /1000/],
    ['too-long', Array.from({ length: 600 }, (_, index) => ({ name: `b${String(index)}`, description: 'x'.repeat(2000) })), /bytes/],
  ])('refuses what devices would refuse: %s', (_name, entries, says) => {
    put('[]\n');
    expect(() => changeBranchList(dir(), () => entries)).toThrow(expect.objectContaining({ code: 'INPUT_REFUSED', message: matching(says) }));
    expect(written()).toBe('[]\n');
  });

  it('refuses to edit what it cannot read', () => {
    put('[{"name":"a","name":"b"}]');
    expect(() => changeBranchList(dir(), (entries) => entries)).toThrow(expect.objectContaining({ code: 'SITE_INVALID' }));
  });
});

it('finds an entry', () => {
  expect(entryOf([{ name: 'a' }, { name: 'b', x: 1 }], 'b')).toEqual({ name: 'b', x: 1 });
  expect(entryOf([{ name: 'a' }], 'b')).toBeNull();
});
