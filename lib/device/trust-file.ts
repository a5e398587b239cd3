/** A root as the owner brings it. */
import { UpdateError, errnoOf } from '../core/errors.ts';
import { METADATA_MAX_BYTES } from '../core/trust/metadata-layout.ts';
import type { RootDocument } from '../io/trust/root-document.ts';
import { readRootDocument } from '../io/trust/root-document.ts';
import { readPlain } from '../transaction/files/plain-file.ts';

/** From a file, also through a link. Throws NOT_FOUND, PERMISSION, METADATA_INVALID for no file or a large one, and as rootFromBytes. */
export function rootFromFile(path: string): RootDocument {
  const read = readIt(path);
  if (read.is === 'absent')
    throw new UpdateError('NOT_FOUND', `'${path}' does not exist`, { hint: 'name the root.json of your releases; nothing was changed' });
  if (read.is === 'odd')
    throw new UpdateError('METADATA_INVALID', `'${path}' ${read.why}`, { hint: 'name the root.json of your releases; - reads standard input' });
  return rootFromBytes(read.bytes, path);
}

/** Throws as readRootDocument. */
export function rootFromBytes(bytes: Buffer, name: string): RootDocument {
  return readRootDocument(bytes, name);
}

function readIt(path: string): ReturnType<typeof readPlain> {
  try {
    return readPlain(path, { maxBytes: METADATA_MAX_BYTES.root, throughLinks: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR') return { is: 'absent' };
    throw error;
  }
}
