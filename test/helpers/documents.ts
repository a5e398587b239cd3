/** Small valid documents of the transaction, one of each kind. */
import type { Backup, Installed, Journal, Operation, OwnedFile } from '../../lib/transaction/types.ts';

const SHA = 'ab'.repeat(32);

export function aFile(path = '/var/www/pikit-web/index.html', change: Partial<OwnedFile> = {}): OwnedFile {
  return { path, sha256: SHA, size: 12, mode: 0o644, uid: 0, gid: 0, ...change };
}

export function anOperation(change: Partial<Operation> = {}): Operation {
  const file = aFile();
  return { n: 1, path: file.path, old: { type: 'file', file }, new: { type: 'file', file }, ...change };
}

export function anInstalled(change: Partial<Installed> = {}): Installed {
  const files = [{ path: '/var/www/pikit-web/index.html', sha256: SHA, size: 12, mode: '0644' }];
  return { schema: 1, version: '1.0.0', branch: 'stable', files, dirs: ['/var/www/pikit-web'], ...change };
}

export function aBackup(change: Partial<Backup> = {}): Backup {
  const after = anInstalled({ version: '2.0.0' });
  return {
    schema: 1,
    tx: '0123abcd',
    from: '1.0.0',
    to: '2.0.0',
    created: '2026-01-02T03:04:05.678Z',
    files: [aFile()],
    absent: ['/a/b'],
    before: anInstalled(),
    after,
    ...change,
  };
}

export function aJournal(change: Partial<Journal> = {}): Journal {
  return {
    v: 1,
    tx: '0123abcd',
    kind: 'apply',
    phase: 'preparing',
    from: '1.0.0',
    to: '2.0.0',
    branch: 'stable',
    started: '2026-01-02T03:04:05.678Z',
    undos: 0,
    backup: '/var/backups/pikit/20260102T030405.678Z',
    ops: [anOperation(), anOperation({ n: 2, path: '/a', new: { type: 'dir', dirs: ['/a'], files: [aFile('/a/b')] } })],
    mkdirs: ['/var/www/pikit-web/deep'],
    rmdirs: [],
    drift: ['/var/www/pikit-web/index.html'],
    kept: [],
    failure: { code: 'PROBE_FAILED', message: 'it “does” not answer', hint: null, subject: 'http://127.0.0.1/', lines: ['one', 'two'] },
    ...change,
  };
}
