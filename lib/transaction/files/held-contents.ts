/**
 * The bytes of a change on their way into the live tree. Beside its target, a new file is root's and closed to everybody else until
 * all of it is written and has the digest that it has to have: any other content must not be read.
 */
import { createHash } from 'node:crypto';
import { UpdateError } from '../../core/errors.ts';
import type { Sync } from './durable.ts';
import { createNew, pourFile } from './durable.ts';
import type { Content, OwnedFile } from '../types.ts';
import type { UntrustedFolder } from './untrusted-files.ts';
import { holdUntrusted, stagedInvalid } from './untrusted-files.ts';

export interface Contents {
  /**
   * Writes a new file, durable as `sync` has it but for its directory entry, with the mode and owner it has to have. The bytes written are hashed, not
   * those checked earlier. Throws DIGEST_MISMATCH or STAGED_INVALID; what it leaves then can be read by root alone, and goes with
   * the transaction.
   */
  write: (file: OwnedFile, to: string) => void;
  close: () => void;
}

type Write = (bytes: Uint8Array) => void;

/** To be closed: folders of another user stay open from one file to the next. */
export function openContents(planned: ReadonlyMap<string, Content>, sync: Sync): Contents {
  const folders = new Map<string, UntrustedFolder>();

  function folderAt(base: string): UntrustedFolder {
    const folder = folders.get(base) ?? holdUntrusted(base);
    folders.set(base, folder);
    return folder;
  }

  function pour(file: OwnedFile, content: Content, write: Write): string {
    if (content.from === 'file') return pourFile(content.file, write);
    if (content.from === 'untrusted') return pourUntrusted(folderAt(content.base), content.file, file, write);
    write(content.bytes);
    return createHash('sha256').update(content.bytes).digest('hex');
  }

  return {
    write(file, to) {
      const content = planned.get(file.path);
      if (content === undefined) throw new UpdateError('INTERNAL', `no content is planned for '${file.path}'`);
      const fill = (write: Write): void => {
        if (pour(file, content, write) !== file.sha256) throw otherBytes(file);
      };
      createNew(to, { mode: file.mode, owner: { uid: file.uid, gid: file.gid } }, fill, sync);
    },
    close() {
      for (const folder of folders.values()) folder.close();
    },
  };
}

function pourUntrusted(folder: UntrustedFolder, path: string, { size, path: known }: OwnedFile, write: Write): string {
  const taken = folder.take(path, { size, maxBytes: size }, ({ pour }) => pour(write));
  if (taken.is !== 'there') throw stagedInvalid(`the file for '${known}' ${taken.is === 'odd' ? taken.why : 'is not there'}`);
  if (taken.value === null) throw stagedInvalid(`the file for '${known}' was changed while it was read`);
  return taken.value;
}

/** The digest that it has instead is not told: it may be that of a file which other users cannot read. */
function otherBytes({ path, sha256 }: OwnedFile): UpdateError {
  return new UpdateError('DIGEST_MISMATCH', `the new bytes of '${path}' are not the expected ones, whose sha256 is ${sha256}`, {
    hint: 'the staged release changed after it was verified; the next run downloads it again',
  });
}
