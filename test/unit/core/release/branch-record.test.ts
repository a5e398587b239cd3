import { describe, expect, it } from 'vitest';
import type { BranchRecord, ListState, ListedBranch } from '../../../../lib/core/release/branch-record.ts';
import { branchRecordText, mergeLists, parseBranchRecord, settledRecord } from '../../../../lib/core/release/branch-record.ts';

const none = parseBranchRecord(null, 'x');
const sequences = ({ branches }: BranchRecord): Record<string, number> =>
  Object.fromEntries(Object.entries(branches).map(([name, { sequence }]) => [name, sequence]));
const state = (entries: ListedBranch[], before: BranchRecord = none): ListState => ({ entries, record: settledRecord(before, entries) });

describe('settledRecord', () => {
  it('numbers what is new, what changed and what is gone, and nothing else', () => {
    const first = settledRecord(none, [{ name: 'a', enabled: true }, { name: 'b' }]);
    expect(sequences(first)).toEqual({ a: 1, b: 1 });
    expect(settledRecord(first, [{ enabled: true, name: 'a' }, { name: 'b' }])).toEqual(first);
    const second = settledRecord(first, [{ name: 'a', enabled: false }]);
    expect(sequences(second)).toEqual({ a: 2, b: 2 });
    expect(second).toMatchObject({ sequence: 2, branches: { b: { sha256: null } } });
    expect(parseBranchRecord(Buffer.from(branchRecordText(second)), 'x')).toEqual(second);
  });

  it('forgets the oldest of very many that are gone', () => {
    const many = Array.from({ length: 2100 }, (_, index) => ({ name: `b${String(index)}` }));
    expect(Object.keys(settledRecord(settledRecord(none, many), []).branches)).toHaveLength(2000);
  });
});

describe('mergeLists', () => {
  const base = [{ name: 'a' }, { name: 'b' }];
  const { record } = state(base);
  const theirs = state([{ name: 'a', x: 1 }, { name: 'b' }], record);

  it.each<[string, ListState, ListState, string[] | null, object]>([
    ['all-the-same', state(base), state(base), null, { list: { entries: base } }],
    ['ours-newer', theirs, state(base), null, { list: { entries: theirs.entries } }],
    ['ours-older', state(base), theirs, null, { behind: { branch: 'a', ours: 1, theirs: 2 } }],
    ['both-changed-apart', state([{ name: 'a', y: 1 }, { name: 'b' }], record), theirs, null, { behind: { branch: 'a', ours: 2, theirs: 2 } }],
    [
      'one-of-two',
      state([{ name: 'a' }, { name: 'b', y: 1 }], record),
      theirs,
      ['b'],
      { list: { entries: [theirs.entries[0], { name: 'b', y: 1 }] } },
    ],
    ['one-that-is-new', state([...base, { name: 'c' }], record), theirs, ['c'], { list: { entries: [...theirs.entries, { name: 'c' }] } }],
    ['one-that-is-gone', state([{ name: 'a' }], record), theirs, ['b'], { list: { entries: [theirs.entries[0]] } }],
    ['stable', state([]), theirs, ['stable'], { list: { entries: theirs.entries } }],
    ['gone-there-and-here-still', state(base), state([{ name: 'a' }], record), null, { behind: { branch: 'b', ours: 1, theirs: 2 } }],
    ['published-before-there-were-records', state([{ name: 'c' }]), { entries: base, record: none }, null, { list: { entries: [{ name: 'c' }] } }],
  ])('%s', (_name, our, their, chosen, expected) => {
    expect(mergeLists(our, their, chosen)).toMatchObject(expected);
  });
});

it('refuses what is no record', () => {
  expect(() => parseBranchRecord(Buffer.from('{"schema":2}'), 'it')).toThrow(expect.objectContaining({ code: 'SITE_INVALID' }));
});
