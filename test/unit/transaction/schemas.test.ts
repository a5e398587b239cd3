import { describe, expect, it } from 'vitest';
import { isBackup, isDevicePath, isInstalled, isJournal } from '../../../lib/transaction/schemas.ts';
import { aBackup, aFile, aJournal, anInstalled, anOperation } from '../../helpers/documents.ts';

describe('isDevicePath', () => {
  it.each<[string, unknown, boolean]>([
    ['plain', '/var/www/pikit-web/index.html', true],
    ['every-allowed-character', '/a.b_c@d+e-f/9', true],
    ['dots-in-a-name', '/a/..b/c..', true],
    ['root', '/', false],
    ['relative', 'var/www', false],
    ['empty', '', false],
    ['climbing', '/var/../etc', false],
    ['dot', '/var/./www', false],
    ['double-slash', '/var//www', false],
    ['trailing-slash', '/var/', false],
    ['blanks-and-brackets', '/var/my file [1] (2), ~x.js', true],
    ['percent', '/var/a%41%2e%2e/x', true],
    ['not-ascii', '/var/gr\u00fc\u00dfe/文', true],
    ['what-today-refuses', '/var/con.js/a.', true],
    ['long-name', `/var/${'n'.repeat(255)}`, true],
    ['too-long', `/${'d/'.repeat(2048)}f`, false],
    ['newline', '/var/a\n', false],
    ['escape-code', '/var/\u001b[2J', false],
    ['right-to-left-override', '/var/a\u202eb', false],
    ['line-separator', '/var/a\u2028b', false],
    ['half-a-character', '/var/a\ud800', false],
    ['nul', '/var/a\0b', false],
    ['a-number', 7, false],
  ])('%s', (_name, value, answer) => {
    expect(isDevicePath(value)).toBe(answer);
  });
});

describe('isJournal', () => {
  it('accepts what a transaction writes', () => {
    expect(isJournal(aJournal())).toBe(true);
    expect(isJournal(JSON.parse(JSON.stringify(aJournal({ from: null, failure: null }))))).toBe(true);
  });

  it.each<[string, object]>([
    ['another-version', { v: 2 }],
    ['unknown-kind', { kind: 'repair' }],
    ['unknown-phase', { phase: 'done' }],
    ['tx-that-is-a-path', { tx: '../../x' }],
    ['backup-that-climbs', { backup: '/var/backups/../../etc' }],
    ['negative-undos', { undos: -1 }],
    ['ops-not-a-list', { ops: {} }],
    ['op-with-a-relative-path', { ops: [anOperation({ path: 'x' })] }],
    ['op-with-a-short-hash', { ops: [anOperation({ old: { type: 'file', file: aFile('/a', { sha256: 'ab' }) } })] }],
    ['op-with-an-uppercase-hash', { ops: [anOperation({ old: { type: 'file', file: aFile('/a', { sha256: 'AB'.repeat(32) }) } })] }],
    ['op-with-a-fractional-mode', { ops: [anOperation({ old: { type: 'file', file: aFile('/a', { mode: 0.5 }) } })] }],
    ['mkdir-outside', { mkdirs: ['../x'] }],
    ['failure-with-an-unknown-code', { failure: { code: 'NO_SUCH', message: '', hint: null, subject: null, lines: [] } }],
    ['command-without-lines', { commands: [{ command: 'helpers/tool' }] }],
    ['no-branch', { branch: undefined }],
  ])('refuses %s', (_name, change) => {
    expect(isJournal({ ...aJournal(), ...change })).toBe(false);
  });

  it.each([null, 7, 'text', [], undefined])('refuses %j', (value) => {
    expect(isJournal(value)).toBe(false);
  });
});

describe('isInstalled', () => {
  it.each<[string, object, boolean]>([
    ['as-written', {}, true],
    ['no-version', { version: null }, true],
    ['setuid-mode', { files: [{ ...aFile(), mode: '4755' }] }, false],
    ['mode-as-a-number', { files: [aFile()] }, false],
    ['another-schema', { schema: 2 }, false],
    ['dir-that-climbs', { dirs: ['/..'] }, false],
  ])('%s', (_name, change, answer) => {
    expect(isInstalled({ ...anInstalled(), ...change })).toBe(answer);
  });
});

describe('isBackup', () => {
  it.each<[string, object, boolean]>([
    ['as-written', {}, true],
    ['of-a-first-install', { from: null, before: null, files: [] }, true],
    ['without-after', { after: null }, false],
    ['file-without-owner', { files: [{ ...aFile(), uid: undefined }] }, false],
    ['absent-outside', { absent: ['etc'] }, false],
    ['bad-tx', { tx: 'xyz' }, false],
  ])('%s', (_name, change, answer) => {
    expect(isBackup({ ...aBackup(), ...change })).toBe(answer);
  });
});
