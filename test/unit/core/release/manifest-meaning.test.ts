/** What a parsed manifest means: actions, modes, names, and when two of them are one release. */
import { describe, expect, it } from 'vitest';
import type { ManifestFile } from '../../../../lib/core/release/manifest.ts';
import { bundleName, fileMode, parseManifest, sameRelease } from '../../../../lib/core/release/manifest.ts';

const SHA = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);
const MINIMAL = { version: '1.4.0', changelog: '', files: [{ path: 'pikit-api.py', sha256: SHA }] };

function parse(value: unknown): ReturnType<typeof parseManifest> {
  return parseManifest(Buffer.from(JSON.stringify(value)));
}

describe('post_install', () => {
  it.each([
    ['plain-string', 'pikit-api.service', { kind: 'restart', unit: 'pikit-api.service' }],
    ['plain-string-without-suffix', 'pikit-api', { kind: 'restart', unit: 'pikit-api.service' }],
    ['another-type', 'pikit.socket', { kind: 'restart', unit: 'pikit.socket' }],
    ['instance', 'pikit@1', { kind: 'restart', unit: 'pikit@1.service' }],
    ['restart', { restart: 'pikit-api' }, { kind: 'restart', unit: 'pikit-api.service' }],
    ['run', { run: ['helpers/x'] }, { kind: 'run', file: 'helpers/x', args: [] }],
    ['run-with-arguments', { run: ['helpers/x', '', '$(reboot)'] }, { kind: 'run', file: 'helpers/x', args: ['', '$(reboot)'] }],
    ['unknown-action', { reboot: true }, { kind: 'unknown', text: '{"reboot":true}' }],
    ['unknown-detail', { restart: 'pikit-api', force: true }, { kind: 'unknown', text: '{"restart":"pikit-api","force":true}' }],
    ['unit-with-path', '../x', { kind: 'unknown', text: '"../x"' }],
    ['unit-that-is-an-option', '-H host', { kind: 'unknown', text: '"-H host"' }],
    ['unit-with-newline', 'a\n', { kind: 'unknown', text: '"a\\n"' }],
    ['run-of-an-absolute-path', { run: ['/bin/sh', '-c', 'x'] }, { kind: 'unknown', text: '{"run":["/bin/sh","-c","x"]}' }],
    ['run-climbs-out', { run: ['../sh'] }, { kind: 'unknown', text: '{"run":["../sh"]}' }],
    ['run-of-nothing', { run: [] }, { kind: 'unknown', text: '{"run":[]}' }],
    ['run-as-text', { run: 'helpers/x' }, { kind: 'unknown', text: '{"run":"helpers/x"}' }],
    ['run-with-a-number', { run: ['helpers/x', 1] }, { kind: 'unknown', text: '{"run":["helpers/x",1]}' }],
    ['number', 5, { kind: 'unknown', text: '5' }],
    ['null', null, { kind: 'unknown', text: 'null' }],
  ])('%s', (_name, action, expected) => {
    expect(parse({ ...MINIMAL, post_install: [action] }).post_install).toEqual([expected]);
  });

  it('cuts an unknown action for people', () => {
    const [action] = parse({ ...MINIMAL, post_install: [{ later: 'x'.repeat(1000) }] }).post_install;
    expect(action?.kind === 'unknown' ? action.text.length : 0).toBe(200);
  });
});

describe('fileMode', () => {
  it.each([
    ['given', '0600', true, 0o600],
    ['plain', undefined, false, 0o644],
    ['script', undefined, true, 0o755],
  ])('%s', (_name, mode, isScript, bits) => {
    const file: ManifestFile = { path: 'x', sha256: SHA, config: false, ...(mode === undefined ? {} : { mode }) };
    expect(fileMode(file, isScript)).toBe(bits);
  });
});

describe('bundleName', () => {
  it('is the one of the manifest, or that of the seed format', () => {
    expect(bundleName(parse(MINIMAL))).toBe('pikit-1.4.0.tar.gz');
    expect(bundleName(parse({ ...MINIMAL, bundle: { name: 'x.tar.gz' } }))).toBe('x.tar.gz');
  });
});

describe('sameRelease', () => {
  const base = { ...MINIMAL, files: ['a', 'b'].map((path) => ({ path, sha256: SHA, mode: '0644' })) };

  it.each([
    ['identical', base, true],
    ['other-order', { ...base, files: base.files.toReversed() }, true],
    ['mode-spelled-shorter', { ...base, files: base.files.map((file) => ({ ...file, mode: '644' })) }, true],
    ['other-branch-rollout-and-bundle', { ...base, branch: 'beta', rollout: { percent: 5 }, bundle: { name: 'b' }, notes: 'x' }, true],
    ['other-version', { ...base, version: '1.4.1' }, false],
    ['other-bytes', { ...base, files: base.files.map((file) => ({ ...file, sha256: OTHER })) }, false],
    ['other-mode', { ...base, files: base.files.map((file) => ({ ...file, mode: '0755' })) }, false],
    ['now-config', { ...base, files: base.files.map((file) => ({ ...file, config: true })) }, false],
    ['a-file-more', { ...base, files: [...base.files, { path: 'c', sha256: SHA }] }, false],
    ['a-file-less', { ...base, files: base.files.slice(1) }, false],
    ['another-file', { ...base, files: base.files.map((file) => ({ ...file, path: `${file.path}x` })) }, false],
    ['other-actions', { ...base, post_install: ['pikit-api'] }, false],
  ])('%s', (_name, other, same) => {
    expect(sameRelease(parse(base), parse(other))).toBe(same);
    expect(sameRelease(parse(other), parse(base))).toBe(same);
  });
});
