import { describe, expect, it } from 'vitest';
import { isBranchName, parseBranches } from '../../../../lib/core/release/branches.ts';
import { matching } from '../../../helpers/matchers.ts';

function parse(value: unknown): ReturnType<typeof parseBranches> {
  return parseBranches(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));
}

describe('parseBranches', () => {
  it('reads the list of the branches RFC', () => {
    const beta = {
      name: 'beta',
      display_name: 'Beta / Release Candidates',
      description: 'Semi-stable',
      enabled: false,
      visible: true,
      macos: true,
      windows: true,
    };
    expect(parse([beta, { name: 'test_1234', visible: false, linux: false }])).toEqual([
      { ...beta, linux: true },
      { name: 'test_1234', display_name: 'test_1234', description: '', enabled: true, visible: false, linux: false },
    ]);
  });

  it('keeps any text as display name, and ignores unknown keys', () => {
    expect(parse('[{"name":"b","display_name":"Vorschau ✨","__proto__":{"enabled":false},"colour":"red"}]')).toEqual([
      { name: 'b', display_name: 'Vorschau ✨', description: '', enabled: true, visible: true, linux: true },
    ]);
  });

  it.each([
    ['not-json', '[', /not valid JSON/],
    ['not-a-list', {}, /must be a list$/],
    ['stable-listed', [{ name: 'stable' }], /'stable' is always there/],
    ['listed-twice', [{ name: 'a' }, { name: 'a' }], /'\[1\]\.name': 'a' is listed twice/],
    ['name-missing', [{}], /'\[0\]\.name'/],
    ['name-empty', [{ name: '' }], /must be 1 to 64/],
    ['name-with-path', [{ name: '../../x' }], /must be 1 to 64/],
    ['name-upper-case', [{ name: 'Beta' }], /must be 1 to 64/],
    ['name-with-newline', [{ name: 'beta\n' }], /must be 1 to 64/],
    ['name-too-long', [{ name: 'a'.repeat(65) }], /must be 1 to 64/],
    ['enabled-not-boolean', [{ name: 'a', enabled: 'yes' }], /'\[0\]\.enabled'/],
    ['too-large', `[${' '.repeat(1024 * 1024)}]`, /1048576 are allowed/],
  ])('refuses %s', (_name, value, says) => {
    expect(() => parse(value)).toThrow(expect.objectContaining({ code: 'SITE_INVALID', message: matching(says) }));
  });
});

describe('names', () => {
  it.each([
    ['stable', true],
    ['test_1234', true],
    ['', false],
    ['a/b', false],
    ['A', false],
    ['a-b', false],
  ])('%s is a branch name: %s', (name, valid) => {
    expect(isBranchName(name)).toBe(valid);
  });
});
