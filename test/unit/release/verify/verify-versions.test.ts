import { expect, it } from 'vitest';
import type { Manifest } from '../../../../lib/core/release/manifest.ts';
import { parseManifest } from '../../../../lib/core/release/manifest.ts';
import { versionProblems } from '../../../../lib/release/verify/verify-versions.ts';

function manifest(change: object = {}): Manifest {
  const file = { path: 'pikit-api.py', sha256: 'a'.repeat(64), mode: '0755' };
  return parseManifest(
    Buffer.from(
      JSON.stringify({ version: '1.0.0', changelog: '', files: [file], bundle: { name: 'pikit-1.0.0.tar.gz', sha256: 'b'.repeat(64) }, ...change }),
    ),
  );
}

it.each<[string, object, string[]]>([
  ['one-bundle-on-two-branches', { branch: 'beta', sequence: 5, rollout: { percent: 1 }, released: '2026-01-01T00:00:00Z' }, []],
  ['another-version', { version: '1.0.1', files: [{ path: 'x', sha256: 'c'.repeat(64) }] }, []],
  [
    'other-file',
    { files: [{ path: 'pikit-api.py', sha256: 'c'.repeat(64), mode: '0755' }] },
    ['manifest_beta.json: its 1.0.0 is not the 1.0.0 of manifest.json: the content differs'],
  ],
  ['other-mode', { files: [{ path: 'pikit-api.py', sha256: 'a'.repeat(64), mode: '0644' }] }, ['the content differs']],
  ['other-action', { post_install: [{ restart: 'x' }] }, ['the content differs']],
  ['other-name', { bundle: { name: 'other.tar.gz', sha256: 'b'.repeat(64) } }, ['the name of the bundle differs']],
  ['other-bundle', { bundle: { name: 'pikit-1.0.0.tar.gz', sha256: 'd'.repeat(64) } }, ['the bundle differs']],
])('%s', (_name, change, problems) => {
  const found = versionProblems(
    new Map([
      ['manifest.json', manifest()],
      ['manifest_beta.json', manifest(change)],
    ]),
  );
  expect(found).toHaveLength(problems.length);
  problems.forEach((problem, index) => {
    expect(found[index]).toContain(problem);
  });
});
