import { expect, it } from 'vitest';
import { planText } from '../../../lib/cli/plan-text.ts';
import type { PlanSummary } from '../../../lib/core/device/plan-summary.ts';

const PLAN: PlanSummary = {
  version: '1.4.0',
  from: '1.3.0',
  branch: 'stable',
  route: ['1.4.0'],
  outcome: 'available',
  reason: null,
  staged: false,
  proxy: null,
  download_bytes: 1_315_593,
  added: [{ path: '/var/www/new.js', old_bytes: null, new_bytes: 10 }],
  changed: [{ path: '/var/www/index.html', old_bytes: 5, new_bytes: 2048 }],
  removed: [{ path: '/var/www/old.js', old_bytes: 7, new_bytes: null }],
  edited: ['/var/www/index.html'],
  foreign: [
    { path: '/usr/local/bin/tool', sha256: 'a'.repeat(64), confirm: true },
    { path: '/var/www/mine.js', sha256: null, confirm: false },
  ],
  left: ['/var/www/old.js'],
  conflicts: ['/etc/a.pikit-new'],
  shadows: [],
  unrestarted: [],
  unchanged: 1,
  rooms: [{ dir: '/var', needed_bytes: 2048, free_bytes: 1_048_576 }],
  problem: null,
  restarts: ['pikit-api.service'],
  commands: ['helpers/migrate.sh --to 2'],
};

it('is a summary, then file by file', () => {
  expect(planText(PLAN)).toBe(`release    1.3.0 → 1.4.0, branch stable
download   1.3 MiB
files      1 new, 1 changed, 1 removed, 1 file unchanged
space      2.0 KiB of 1.0 MiB free, on the filesystem of '/var'
restarts   pikit-api.service, if it exists
runs       helpers/migrate.sh --to 2
foreign    no release installed '/usr/local/bin/tool'; it will be replaced only if you confirm it, and a copy is kept in /var/lib/pikit/edited
           no release installed '/var/www/mine.js'; it will be replaced, and a copy is kept in /var/lib/pikit/edited
edited     '/var/www/index.html' was edited; a copy is kept in /var/lib/pikit/edited
left       '/var/www/old.js' will not be removed: it is no longer managed
conflicts  '/etc/a' stays as it is; the new version is '/etc/a.pikit-new'

+ /var/www/new.js  10 B
~ /var/www/index.html  5 B → 2.0 KiB
- /var/www/old.js  7 B
warning: files that no release installed are in the way; \`pikit-update apply --replace /usr/local/bin/tool\` replaces them and keeps copies
`);
});

it('says what is not known, and what is in the way', () => {
  const text = planText({
    ...PLAN,
    from: null,
    outcome: 'held',
    reason: 'it fell',
    staged: true,
    added: [],
    changed: [],
    removed: null,
    edited: null,
    foreign: null,
    left: null,
    conflicts: null,
    problem: { code: 'NO_SPACE', message: 'no room', hint: 'free some' },
  });
  expect(text).toContain(
    'release   nothing → 1.4.0, branch stable (held: it fell)\ndownload  nothing; the release is downloaded and verified\nfiles     0 new, 0 changed, 1 file unchanged\n',
  );
  expect(text).toMatch(/migrate\.sh --to 2\nwarning: only root can see.*\nwarning: no room\nwarning: free some\n$/);
  expect(planText({ ...PLAN, download_bytes: null })).toContain('download   of unknown size\n');
});

it('says who signed it', () => {
  const signed = { role: 'targets', keys: [{ fingerprint: 'SHA256:a', name: null }], until: '2026-12-01T00:00:00.000Z' };
  expect(planText({ ...PLAN, signed })).toMatch(/^signed by +SHA256:a$/m);
});
