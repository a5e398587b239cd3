import { describe, expect, it } from 'vitest';
import {
  backupCopy,
  backupName,
  stagedPathInDirectory,
  stagedPath,
  keptOldPath,
  partialBackup,
  onDisk,
  touchedDirs,
} from '../../../lib/transaction/transaction-paths.ts';
import { placeIn } from '../../helpers/change.ts';
import { anOperation } from '../../helpers/documents.ts';

const TX = { tx: '0123abcd' };
const OP = { n: 7, path: '/var/www/pikit-web/thing' };

describe('names', () => {
  it.each<[string, string, string]>([
    ['new-bytes', stagedPath(TX, OP), '/var/www/pikit-web/.pikit-0123abcd.7'],
    ['old-inode', keptOldPath(TX, OP), '/var/www/pikit-web/.pikit-0123abcd.o7'],
    ['inside-a-new-directory', stagedPathInDirectory(TX, OP, '/var/www/pikit-web/thing/sub/b'), '/var/www/pikit-web/.pikit-0123abcd.7/sub/b'],
    ['the-new-directory-itself', stagedPathInDirectory(TX, OP, OP.path), '/var/www/pikit-web/.pikit-0123abcd.7'],
    ['copy', backupCopy('/var/backups/pikit/x', '/etc/a'), '/var/backups/pikit/x/files/etc/a'],
    ['unfinished', partialBackup('/var/backups/pikit/x'), '/var/backups/pikit/x.partial'],
    ['name', backupName('/var/backups/pikit/x'), 'x'],
    ['real', onDisk(placeIn('/tmp/root'), '/etc/a'), '/tmp/root/etc/a'],
    ['real-at-the-root', onDisk(placeIn('/'), '/etc/a'), '/etc/a'],
  ])('%s', (_name, actual, expected) => {
    expect(actual).toBe(expected);
  });

  it('touches each directory once', () => {
    expect(touchedDirs([anOperation({ path: '/a/x' }), anOperation({ path: '/b/y' }), anOperation({ path: '/a/z' })])).toEqual(['/a', '/b']);
  });
});
