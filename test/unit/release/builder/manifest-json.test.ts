import { describe, expect, it } from 'vitest';
import type { Publication, ReleaseContents } from '../../../../lib/release/builder/manifest-json.ts';
import { innerManifest, publishedManifest, releasedText, republishedManifest } from '../../../../lib/release/builder/manifest-json.ts';
import { parseManifest } from '../../../../lib/core/release/manifest.ts';
import { sha256 } from '../../../helpers/archive-builder.ts';
import { jsonKeys, matching } from '../../../helpers/matchers.ts';

const contents: ReleaseContents = {
  version: '1.4.0',
  changelog: 'https://example.org/changes',
  notes: 'new things',
  files: [{ path: 'pikit-web/index.html', source: '/x', mode: 0o644, size: 1, sha256: sha256('x') }],
  config: ['pikit-web/index.html'],
  restart: ['pikit-api.service'],
  minVersion: '1.0.0',
  arch: ['arm64'],
};
const publication: Publication = {
  branch: 'stable',
  released: new Date('2026-11-20T10:00:00.123Z'),
  sequence: 42,
  bundle: { name: 'pikit-1.4.0.tar.gz', size: 100, sha256: sha256('bundle') },
  rolloutPercent: 25,
};
const file = { path: 'pikit-web/index.html', sha256: sha256('x'), size: 1, mode: '0644', package: 'web', config: true };

describe('publishedManifest', () => {
  it('has everything the format knows', () => {
    expect(JSON.parse(String(publishedManifest(contents, publication)))).toEqual({
      schema: 1,
      version: '1.4.0',
      branch: 'stable',
      released: '2026-11-20T10:00:00Z',
      sequence: 42,
      changelog: 'https://example.org/changes',
      notes: 'new things',
      files: [file],
      bundle: { name: 'pikit-1.4.0.tar.gz', size: 100, sha256: sha256('bundle') },
      post_install: [{ restart: 'pikit-api.service' }],
      requires: { min_version: '1.0.0', arch: ['arm64'] },
      rollout: { percent: 25 },
    });
  });

  it('leaves out what is not asked for', () => {
    const plain = publishedManifest({ ...contents, minVersion: null, arch: [] }, { ...publication, rolloutPercent: null });
    expect(Object.keys(parseManifest(plain))).not.toContain('rollout');
    expect(JSON.parse(String(plain))).not.toHaveProperty('requires');
  });
});

describe('republishedManifest', () => {
  const again = { branch: 'beta', released: '2026-12-01T00:00:00Z', sequence: 50, rolloutPercent: null };

  it('changes where, when and for whom, and keeps the rest, also what it does not know', () => {
    const bytes = Buffer.from(String(publishedManifest(contents, publication)).replace('{', '{"later":["x",{"y":1}],'));
    const expected = String(bytes)
      .replace('"branch":"stable"', '"branch":"beta"')
      .replace('2026-11-20T10', '2026-12-01T00')
      .replace('"sequence":42', '"sequence":50')
      .replace(',"rollout":{"percent":25}', '');
    expect(String(republishedManifest(bytes, again))).toBe(expected);
    expect(JSON.parse(String(republishedManifest(bytes, { ...again, rolloutPercent: 0 })))).toMatchObject({ rollout: { percent: 0 } });
  });

  it('refuses what devices would refuse', () => {
    expect(() => republishedManifest(Buffer.from('{"later":1}'), again)).toThrow(expect.objectContaining({ code: 'INPUT_REFUSED' }));
  });
});

it('writes times without fractions of a second', () => {
  expect(releasedText(new Date('2026-11-20T10:00:00.999Z'))).toBe('2026-11-20T10:00:00Z');
});

describe('innerManifest', () => {
  it('has only what is a property of the bytes', () => {
    expect(jsonKeys(innerManifest(contents))).toEqual(['schema', 'version', 'changelog', 'notes', 'files', 'post_install', 'requires']);
  });

  it.each<[string, Partial<ReleaseContents>, RegExp]>([
    [
      'too-many-files',
      { files: Array.from({ length: 20_001 }, (_, i) => ({ path: `f${String(i)}`, source: '', mode: 0o644, size: 0, sha256: sha256('') })) },
      /'files'/,
    ],
    ['notes-too-long', { notes: 'x'.repeat(70_000) }, /'notes'/],
    ['changelog-too-long', { changelog: 'x'.repeat(3000) }, /'changelog'/],
  ])('refuses what devices would refuse: %s', (_name, more, says) => {
    expect(() => innerManifest({ ...contents, ...more })).toThrow(expect.objectContaining({ code: 'INPUT_REFUSED', message: matching(says) }));
  });
});
