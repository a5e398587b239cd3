import { describe, expect, it } from 'vitest';
import { branchesText } from '../../../lib/cli/branch-text.ts';
import type { KnownBranch } from '../../../lib/device/known-branches.ts';
import type { BranchQuestion } from '../../../lib/core/offer/branch-choice.ts';
import { decideBranch } from '../../../lib/core/offer/branch-choice.ts';

function branch(fields: Partial<KnownBranch>): KnownBranch {
  return {
    name: 'beta',
    display_name: fields.name ?? 'beta',
    description: '',
    enabled: true,
    visible: true,
    selected: false,
    used: false,
    version: null,
    ...fields,
  };
}

const STABLE = branch({ name: 'stable', description: 'the default for every device', version: '1.4.0' });

function text(branches: KnownBranch[], question: Partial<BranchQuestion> = {}, listed = true): string {
  return branchesText({ choice: decideBranch({ selected: 'stable', list: [], answer: 'not-asked', ...question }), branches, listed }, []);
}

describe('branchesText', () => {
  it('says who signs each of them, where that is known', () => {
    const keys = [
      { fingerprint: 'SHA256:a', name: 'CI of Pi-Kit' },
      { fingerprint: 'SHA256:b', name: null },
    ];
    expect(text([STABLE, branch({ keys, description: 'two weeks earlier' })])).toMatch(
      /^ {2}beta +- +two weeks earlier\n +signed by CI of Pi-Kit, SHA256:b$/m,
    );
  });

  it('shows name, version, display name, description, and which one is selected', () => {
    const beta = branch({ display_name: 'Beta / Release Candidates', description: 'Semi-stable test builds', version: '1.5.0-beta.1' });
    const nightly = branch({ name: 'nightly', enabled: false });
    expect(text([{ ...STABLE, selected: true }, beta, nightly])).toBe(
      [
        '* stable   1.4.0         the default for every device',
        '  beta     1.5.0-beta.1  Beta / Release Candidates',
        '                         Semi-stable test builds',
        '  nightly  -             (disabled)',
        '',
      ].join('\n'),
    );
  });

  it('says of a disabled one that is selected what is used instead', () => {
    expect(text([STABLE, branch({ selected: true, enabled: false, display_name: 'Beta' })], { selected: 'beta' })).toMatch(
      /^\* beta {4}- {6}Beta \(disabled, using stable\)$/m,
    );
  });

  it('leaves hidden ones out, unless they are selected', () => {
    const hidden = branch({ name: 'test_1234', visible: false });
    expect(text([{ ...STABLE, selected: true }, hidden])).not.toContain('test_1234');
    expect(text([STABLE, { ...hidden, selected: true }])).toMatch(/^\* test_1234 +- +\(hidden\)$/m);
  });

  it('shows a selected one that is unknown', () => {
    expect(text([STABLE], { selected: 'gone' })).toMatch(/^\* gone +- +\(not listed, using stable\)$/m);
    expect(text([STABLE], { selected: 'gone', list: null }, false)).toMatch(/^\* gone +- +\(no list of branches, using stable\)$/m);
  });

  it('says that it does not know the others', () => {
    expect(text([{ ...STABLE, selected: true }], {}, false)).toMatch(/other branches are not known yet; run `pikit-update check`\n$/);
  });

  it('keeps any script and emoji, and nothing that plays tricks', () => {
    const shown = text([
      { ...STABLE, selected: true },
      branch({ name: 'ar', display_name: 'قناة تجريبية', description: 'נסיוני' }),
      branch({ name: 'emoji', display_name: '🧪 👩‍🔬 🏴󠁧󠁢󠁷󠁬󠁳󠁿' }),
      branch({ name: 'evil', display_name: '\u001b[31mred\u001b[0m\u202eetal\u202c', description: 'a\nb\u0007' }),
    ]);
    expect(shown).toContain('قناة تجريبية');
    expect(shown).toContain('נסיוני');
    expect(shown).toContain('🧪 👩‍🔬 🏴󠁧󠁢󠁷󠁬󠁳󠁿');
    expect(shown).toContain('[31mred [0m etal');
    // eslint-disable-next-line no-control-regex -- They are what must not be there.
    expect(shown.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u202a-\u202e]/);
  });

  it('ends with the notices', () => {
    const known = { choice: decideBranch({ selected: 'stable', list: [], answer: 'not-asked' }), branches: [STABLE], listed: true };
    expect(branchesText(known, [{ id: 'x', message: 'it is gone', at: '2026-11-20T09:00:00.000Z' }])).toMatch(/\nnotice: it is gone\n$/);
  });
});
