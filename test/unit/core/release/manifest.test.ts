import { describe, expect, it } from 'vitest';
import { fileMode, parseManifest } from '../../../../lib/core/release/manifest.ts';
import { matching } from '../../../helpers/matchers.ts';

const SHA = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);
const MINIMAL = { version: '1.4.0', changelog: '', files: [{ path: 'pikit-api.py', sha256: SHA }] };

function parse(value: unknown): ReturnType<typeof parseManifest> {
  return parseManifest(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));
}

/** The minimal manifest with one file entry changed. */
function withFile(fields: Record<string, unknown>): unknown {
  return { ...MINIMAL, files: [{ ...MINIMAL.files[0], ...fields }] };
}

/** The minimal manifest as text, with more text inside it: for what JSON.stringify does not write. */
function withText(text: string): string {
  return JSON.stringify(MINIMAL).replace(/\}$/, `,${text}}`);
}

describe('parseManifest', () => {
  it('needs four keys, and fills in the rest', () => {
    expect(parse(MINIMAL)).toEqual({
      schema: 1,
      version: '1.4.0',
      changelog: '',
      notes: '',
      files: [{ path: 'pikit-api.py', sha256: SHA, config: false }],
      post_install: [],
      requires: {},
    });
  });

  it('reads the manifest of the design', () => {
    const full = {
      schema: 1,
      version: '1.4.0',
      branch: 'stable',
      released: '2026-11-20T10:00:00Z',
      sequence: 42,
      changelog: 'https://example.org/changes',
      notes: 'plain text',
      files: [{ path: 'pikit-web/index.html', sha256: SHA, size: 812, mode: '0644', package: 'web', config: false }],
      bundle: { name: 'pikit-1.4.0.tar.gz', size: 1_315_593, sha256: OTHER },
      post_install: [{ restart: 'pikit-api.service' }, { run: ['helpers/migrate.sh', '--to', '2'] }],
      requires: { min_version: '1.0.0', arch: ['arm64'] },
      rollout: { percent: 25 },
    };
    expect(parse(full)).toEqual({
      ...full,
      post_install: [
        { kind: 'restart', unit: 'pikit-api.service' },
        { kind: 'run', file: 'helpers/migrate.sh', args: ['--to', '2'] },
      ],
    });
  });

  it('takes 20,000 files with every member, and as many again of later updaters', () => {
    const later = Object.fromEntries(Array.from({ length: 10 }, (_value, index) => [`later${String(index)}`, null]));
    const files = Array.from({ length: 20_000 }, (_value, index) => {
      return { path: `pikit-web/f${String(index)}`, sha256: SHA, size: 1, mode: '0644', package: 'web', config: false, ...later };
    });
    expect(parse({ ...MINIMAL, files }).files).toHaveLength(20_000);
  });

  it('counts sizes exactly, or refuses them with their sum', () => {
    const sized = (...sizes: number[]): unknown => ({
      ...MINIMAL,
      files: sizes.map((size, index) => ({ path: `f${String(index)}`, sha256: SHA, size })),
    });
    const most = Number.MAX_SAFE_INTEGER;
    expect(parse(sized(most - 1, 1)).files).toHaveLength(2);
    expect(() => parse(sized(most - 1, 2))).toThrow(
      expect.objectContaining({
        code: 'MANIFEST_INVALID',
        message: "the manifest is invalid: 'files': the sizes add up to 9007199254740992 bytes, 9007199254740991 are allowed",
      }),
    );
    expect(() => parse(sized(most, most, most))).toThrow(/add up to 27021597764222973 bytes/);
  });

  it.each(['version', 'changelog', 'files'])('refuses a manifest without %s', (key) => {
    expect(() => parse({ ...MINIMAL, [key]: undefined })).toThrow(
      expect.objectContaining({ code: 'MANIFEST_INVALID', message: matching(`'${key}'`) }),
    );
  });

  it.each(['path', 'sha256'])('refuses a file without %s', (key) => {
    expect(() => parse(withFile({ [key]: undefined }))).toThrow(
      expect.objectContaining({ code: 'MANIFEST_INVALID', message: matching(`'files\\[0\\]\\.${key}'`) }),
    );
  });

  it('ignores unknown keys everywhere', () => {
    const later = { x: [{ y: null }] };
    const given = {
      ...MINIMAL,
      later,
      files: [{ path: 'pikit-api.py', sha256: SHA, later }],
      bundle: { name: 'b', later },
      requires: { later },
      rollout: { percent: 1, later },
    };
    expect(parse(given)).toEqual({ ...parse(MINIMAL), bundle: { name: 'b' }, requires: {}, rollout: { percent: 1 } });
  });

  it('is not poisoned by keys of the prototype', () => {
    const manifest = parse(withText('"__proto__":{"notes":"evil","polluted":1},"constructor":{"prototype":{"polluted":1}}'));
    expect(manifest).toEqual(parse(MINIMAL));
    expect(Object.hasOwn(manifest, '__proto__')).toBe(false);
    expect('polluted' in {}).toBe(false);
    expect(() => parse('{"__proto__":{"version":"1.0.0","changelog":"","files":[]}}')).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID' }));
  });

  it.each([
    ['a-higher-schema', { ...MINIMAL, schema: 2 }, MINIMAL.version],
    ['where-all-the-rest-changed', { schema: 2, version: 2026.11, files: { a: SHA } }, null],
    ['a-version-of-another-kind', { schema: 2, version: '../../x' }, null],
    ['far-ahead', { schema: 9_007_199_254_740_991 }, null],
  ])('calls a release incompatible: %s', (_name, value, version) => {
    expect(() => parse(value)).toThrow(expect.objectContaining({ code: 'RELEASE_INCOMPATIBLE', hint: matching('update the updater'), version }));
  });

  it.each([
    ['schema-text', { ...MINIMAL, schema: '1' }, 'schema'],
    ['schema-zero', { ...MINIMAL, schema: 0 }, 'schema'],
    ['schema-fraction', { ...MINIMAL, schema: 1.5 }, 'schema'],
    ['schema-null', { ...MINIMAL, schema: null }, 'schema'],
    ['version-number', { ...MINIMAL, version: 1.4 }, 'version'],
    ['version-with-v', { ...MINIMAL, version: 'v1.4.0' }, 'version'],
    ['version-with-path', { ...MINIMAL, version: '../../x' }, 'version'],
    ['version-incomplete', { ...MINIMAL, version: '1.4' }, 'version'],
    ['branch-with-path', { ...MINIMAL, branch: '../x' }, 'branch'],
    ['branch-upper-case', { ...MINIMAL, branch: 'Beta' }, 'branch'],
    ['released-no-time', { ...MINIMAL, released: 'yesterday' }, 'released'],
    ['released-impossible', { ...MINIMAL, released: '2026-02-30T10:00:00Z' }, 'released'],
    ['sequence-negative', { ...MINIMAL, sequence: -1 }, 'sequence'],
    ['changelog-too-long', { ...MINIMAL, changelog: 'x'.repeat(2001) }, 'changelog'],
    ['notes-too-long', { ...MINIMAL, notes: 'x'.repeat(64 * 1024 + 1) }, 'notes'],
    ['notes-an-object', { ...MINIMAL, notes: { text: 'x' } }, 'notes'],
    ['no-files', { ...MINIMAL, files: [] }, 'files'],
    ['files-an-object', { ...MINIMAL, files: {} }, 'files'],
    [
      'too-many-files',
      { ...MINIMAL, files: Array.from({ length: 20_001 }, (_value, index) => ({ path: `f${String(index)}`, sha256: SHA })) },
      'files',
    ],
    ['package-with-path', withFile({ package: '../x' }), 'package'],
    ['config-text', withFile({ config: 'true' }), 'config'],
    ['bundle-name-with-path', { ...MINIMAL, bundle: { name: '../x.tar.gz' } }, 'bundle.name'],
    ['bundle-name-hidden', { ...MINIMAL, bundle: { name: '.tar.gz' } }, 'bundle.name'],
    ['bundle-name-url', { ...MINIMAL, bundle: { name: 'http://x/y' } }, 'bundle.name'],
    ['bundle-sha-short', { ...MINIMAL, bundle: { name: 'b', sha256: 'aa' } }, 'bundle.sha256'],
    ['post-install-an-object', { ...MINIMAL, post_install: { restart: 'x' } }, 'post_install'],
    ['post-install-too-many', { ...MINIMAL, post_install: Array.from({ length: 101 }, () => 'x') }, 'post_install'],
    ['requires-min-version', { ...MINIMAL, requires: { min_version: '1' } }, 'requires.min_version'],
    ['requires-arch-text', { ...MINIMAL, requires: { arch: 'arm64' } }, 'requires.arch'],
    ['requires-arch-too-long', { ...MINIMAL, requires: { arch: ['x'.repeat(33)] } }, 'requires.arch'],
    ['rollout-above-100', { ...MINIMAL, rollout: { percent: 101 } }, 'rollout.percent'],
    ['rollout-negative', { ...MINIMAL, rollout: { percent: -1 } }, 'rollout.percent'],
    ['rollout-without-percent', { ...MINIMAL, rollout: {} }, 'rollout.percent'],
  ])('refuses %s and names the key', (_name, value, key) => {
    expect(() => parse(value)).toThrow(
      expect.objectContaining({ code: 'MANIFEST_INVALID', message: matching(new RegExp(`'(files\\[0\\]\\.)?${key.replaceAll('.', '\\.')}`)) }),
    );
  });

  it.each([
    ['too-short', 'a'.repeat(63)],
    ['too-long', 'a'.repeat(65)],
    ['not-hex', `${'a'.repeat(63)}g`],
    ['empty', ''],
    ['with-newline', `${SHA}\n`],
    ['with-prefix', `0x${'a'.repeat(62)}`],
    ['number', 5],
    ['null', null],
    ['list', [SHA]],
  ])('refuses a sha256 that is %s', (_name, sha256) => {
    expect(() => parse(withFile({ sha256 }))).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID', message: matching('sha256') }));
  });

  it.each([
    ['infinity', '1e999'],
    ['beyond-2-53', '9007199254740993'],
    ['negative', '-1'],
    ['fraction', '1.5'],
    ['text', '"5"'],
    ['null', 'null'],
    ['true', 'true'],
    ['tiny', '1e-5'],
  ])('refuses a size that is %s', (_name, size) => {
    const file = `{"path":"a","sha256":"${SHA}","size":${size}}`;
    expect(() => parse(`{"version":"1.0.0","changelog":"","files":[${file}]}`)).toThrow(
      expect.objectContaining({ code: 'MANIFEST_INVALID', message: matching('size') }),
    );
    expect(() => parse(withText(`"bundle":{"name":"b","size":${size}}`))).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID' }));
  });

  it.each([
    ['0644', '0644', 0o644],
    ['without-zero', '644', 0o644],
    ['0755', '0755', 0o755],
    ['0555', '0555', 0o555],
    ['0600', '0600', 0o600],
    ['0400', '0400', 0o400],
  ])('takes the mode %s', (_name, mode, bits) => {
    const [file] = parse(withFile({ mode })).files;
    expect(file === undefined ? null : fileMode(file, false)).toBe(bits);
  });

  it.each([
    ['set-uid', '04755'],
    ['set-uid-four-digits', '4755'],
    ['set-gid', '2755'],
    ['sticky', '1777'],
    ['world-writable', '0666'],
    ['everything', '0777'],
    ['group-writable', '0664'],
    ['other-writable', '0646'],
    ['unreadable', '0000'],
    ['unreadable-for-the-owner', '0144'],
    ['not-octal', '0648'],
    ['with-prefix', '0o644'],
    ['symbolic', 'u=rw'],
    ['empty', ''],
    ['short', '44'],
    ['with-blank', '0644 '],
    ['with-newline', '0644\n'],
    ['number', 420],
  ])('refuses the mode %s', (_name, mode) => {
    expect(() => parse(withFile({ mode }))).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID', message: matching('mode') }));
  });

  it('takes a sha256 in capitals, as some tools write it, for the same digest', () => {
    const capitals = 'AbCdEf0123'.repeat(7).slice(0, 64);
    const value = { ...MINIMAL, files: [{ path: 'a', sha256: capitals }], bundle: { name: 'b', sha256: capitals } };
    expect(parse(value)).toMatchObject({ files: [{ sha256: capitals.toLowerCase() }], bundle: { sha256: capitals.toLowerCase() } });
  });

  it('refuses configuration whose name leaves no room for ours beside it', () => {
    const path = `a/${'n'.repeat(246)}`;
    expect(parse(withFile({ path })).files).toHaveLength(1);
    expect(() => parse(withFile({ path, config: true }))).toThrow(/files\[0\]\.path.*may have a name of 245 bytes/);
  });

  it.each([
    ['absolute', '/etc/sudoers.d/x'],
    ['climbs-out', 'pikit-web/../x'],
    ['nul', 'a\0b'],
    ['not-nfc', 'a\u0308'],
    ['ours', '.pikit-x'],
  ])('refuses a path that is %s', (_name, path) => {
    expect(() => parse(withFile({ path }))).toThrow(
      expect.objectContaining({ code: 'MANIFEST_INVALID', message: matching(/'files\[0\]\.path': path '.*' is refused: /) }),
    );
  });

  it('does not repeat control characters of a refused path', () => {
    expect(() => parse(withFile({ path: '\u001b[2J\n/x' }))).toThrow("path '\\u001b[2J\\u000a/x' is refused");
  });

  it.each([
    ['twice', ['a', 'a']],
    ['case-twins', ['a/Index.html', 'a/index.html']],
    ['file-and-directory', ['x', 'x/y']],
  ])('refuses two paths that are %s', (_name, paths) => {
    expect(() => parse({ ...MINIMAL, files: paths.map((path) => ({ path, sha256: SHA })) })).toThrow(
      expect.objectContaining({ code: 'PATH_REFUSED' }),
    );
  });

  it.each([
    ['invalid-utf-8', Buffer.concat([Buffer.from('{"notes":"'), Buffer.from([0xff]), Buffer.from('"}')])],
    ['nested-too-deep', Buffer.from(withText(`"post_install":[${'['.repeat(200_000)}${']'.repeat(200_000)}]`))],
    ['digest-twice', Buffer.from(`{"version":"1.0.0","changelog":"","files":[{"path":"a","sha256":"${SHA}","sha256":"${OTHER}"}]}`)],
    ['larger-than-8-mib', Buffer.alloc(8 * 1024 * 1024 + 1, ' ')],
    ['empty', Buffer.alloc(0)],
    ['captive-portal', Buffer.from('<html>')],
    ['list', Buffer.from('[]')],
    ['null', Buffer.from('null')],
  ])('refuses a document that is %s', (_name, bytes) => {
    expect(() => parseManifest(bytes)).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID' }));
  });

  it('reads 20,000 files', () => {
    const files = Array.from({ length: 20_000 }, (_value, index) => ({ path: `web/${String(index)}`, sha256: SHA, size: 1, mode: '0644' }));
    expect(parse({ ...MINIMAL, files }).files).toHaveLength(20_000);
  });
});
