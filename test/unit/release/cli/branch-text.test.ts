import { describe, expect, it } from 'vitest';
import { describeBranches, describeChange, describePromoted } from '../../../../lib/release/cli/branch-text.ts';
import type { BranchSummary } from '../../../../lib/release/site/branch-summary.ts';

function summary(name: string, change: Partial<BranchSummary> = {}): BranchSummary {
  const said = { display_name: name, description: '', enabled: true, visible: true, linux: true };
  return { name, ...said, builtIn: false, version: null, sequence: null, released: null, problem: null, ...change };
}

describe('describeBranches', () => {
  it('has one line for each, and what people call it last', () => {
    const branches = [
      summary('stable', { builtIn: true, version: '1.4.0', display_name: 'Stable' }),
      summary('beta', { version: '1.5.0-beta.1', display_name: 'بيتا 🧪', description: 'Semi-stable test builds', enabled: false }),
      summary('test_1234', { visible: false, linux: false, problem: 'it is broken' }),
    ];
    expect(describeBranches(branches)).toBe(
      [
        'stable     1.4.0         built in                      Stable',
        'beta       1.5.0-beta.1  disabled                      بيتا 🧪',
        '                                                       Semi-stable test builds',
        'test_1234  -             hidden, not on linux, broken  test_1234',
        '                                                       it is broken',
        '',
      ].join('\n'),
    );
  });

  it('lets no list from elsewhere move the cursor', () => {
    expect(describeBranches([summary('beta', { display_name: 'a\u001b[2Jb\u202e', description: 'c\nd' })])).not.toMatch(/[^\n\P{C}]/u);
  });
});

describe('describeChange', () => {
  it('tells what it means for devices', () => {
    const result = { changed: ['beta'], branches: [summary('beta', { version: '1.5.0' }), summary('nightly')], notices: [] };
    expect(describeChange({ verb: 'add', name: 'beta', fields: {} }, result)).toBe("added the branch 'beta': it offers 1.5.0\n");
    expect(describeChange({ verb: 'edit', name: 'beta', fields: {} }, result)).toBe("changed the branch 'beta'\n");
    expect(describeChange({ verb: 'enable', names: ['beta', 'nightly'], fields: {} }, result)).toBe(
      "'beta' is enabled: it offers 1.5.0\n'nightly' is enabled: it has no release yet (as it was before)\n",
    );
    expect(describeChange({ verb: 'disable', names: ['beta'], fields: {} }, result)).toMatch(/use stable until it is enabled again\n$/);
    expect(describeChange({ verb: 'hide', names: ['beta'], fields: {} }, result)).toMatch(/^'beta' is hidden/);
    expect(describeChange({ verb: 'show', names: ['beta'], fields: {} }, result)).toBe("'beta' is listed\n");
    expect(describeChange({ verb: 'remove', names: ['beta'] }, result)).toMatch(/^removed the branch 'beta': its devices return to stable/);
  });
});

describe('describePromoted', () => {
  const promoted = {
    version: '1.5.0',
    from: 'beta',
    branch: 'stable',
    sequence: 7,
    manifest: 'manifest.json',
    bundle: 'pikit-1.5.0.tar.gz',
    files: 1,
    rolloutPercent: null,
    already: false,
    notices: [],
  };

  it.each([
    [{}, "promoted 1.5.0 from 'beta' to 'stable' (sequence 7)\n  bundles/pikit-1.5.0.tar.gz  the same bytes, 1 file\n"],
    [
      { already: true, rolloutPercent: 50, files: 2 },
      "the branch 'stable' has 1.5.0 already (sequence 7)\n  bundles/pikit-1.5.0.tar.gz  the same bytes, 2 files, for 50% of all devices\n",
    ],
  ])('says what %j was', (change, text) => {
    expect(describePromoted({ ...promoted, ...change })).toBe(text);
  });
});
