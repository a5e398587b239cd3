/** Signed metadata that was verified, as files in one folder; each is verified again whenever it is loaded. */
import fs from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../core/errors.ts';
import { mkdirDurable } from '../../transaction/files/directories.ts';
import { fsyncDir, lstatOrNull, unlinkIfThere, writeDurable } from '../../transaction/files/durable.ts';
import { clearPath, keepAside, plainBytes } from '../../transaction/files/plain-file.ts';

/** Names are those of files: `root.json`, `3.root.json`, `timestamp.json`, `snapshot.json`, `targets.json`, `branch-nightly.json`. */
export interface MetadataStore {
  /** Null when it is not there, is no plain file, is larger, or cannot be read: damage is no error here. */
  read: (name: string, maxBytes: number) => Buffer | null;
  /** Durable when it returns; on failure the old content is there. Throws errors of the disk. */
  write: (name: string, bytes: Buffer) => void;
  /** Durable when it returns; that it is not there is fine. */
  remove: (name: string) => void;
  names: () => string[];
}

/**
 * A store in a folder, which is made at the first write with `dirMode`; its files get `mode`. Anything else in the place of the folder,
 * also a link to one, holds nothing, and is kept aside at the first write.
 */
export function folderStore(dir: string, { mode = 0o600, dirMode = 0o700 }: { mode?: number; dirMode?: number } = {}): MetadataStore {
  const isOdd = (): boolean => lstatOrNull(dir)?.isDirectory() === false;
  return {
    read: (name, maxBytes) => {
      try {
        return isOdd() ? null : plainBytes(join(dir, name), maxBytes);
      } catch {
        // Safe to ignore: what cannot be read is asked for anew, or an older state counts.
        return null;
      }
    },
    write: (name, bytes) => {
      if (isOdd()) keepAside(dir);
      mkdirDurable(dir, dirMode);
      clearPath(join(dir, name));
      writeDurable(join(dir, name), bytes, { mode });
    },
    remove: (name) => {
      if (isOdd()) return;
      clearPath(join(dir, name));
      if (unlinkIfThere(join(dir, name))) fsyncDir(dir);
    },
    names: () => {
      if (isOdd()) return [];
      try {
        return fs.readdirSync(dir).toSorted();
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') return [];
        throw error;
      }
    },
  };
}
