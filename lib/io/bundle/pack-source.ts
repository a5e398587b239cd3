/** A file on its way into a bundle: read once more, and compared with what was found when the release was put together. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { UpdateError, errnoOf } from '../../core/errors.ts';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
const CHUNK_BYTES = 64 * 1024;

export interface PackFile {
  /** Path in the bundle; must have passed releasePathProblem. */
  path: string;
  mode: number;
  size: number;
  sha256: string;
  /** Path on disk. */
  source: string;
}

/**
 * The bytes of a file, in chunks that do not depend on how the kernel delivers them. Throws INPUT_REFUSED naming the file when
 * it vanished, or is not the file of that size and sha256 any more; the last chunks are out by then, so the reader must not
 * keep what it made of them.
 */
export function* contentOf(file: PackFile): Generator<Buffer> {
  const fd = openSource(file);
  try {
    const hash = createHash('sha256');
    for (let missing = file.size; missing > 0;) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, missing));
      if (!fillFrom(fd, chunk)) throw changed(file, 'is shorter than before');
      hash.update(chunk);
      missing -= chunk.length;
      yield chunk;
    }
    if (fillFrom(fd, Buffer.alloc(1))) throw changed(file, 'is longer than before');
    if (hash.digest('hex') !== file.sha256) throw changed(file, 'has other content than before');
  } finally {
    fs.closeSync(fd);
  }
}

function openSource(file: PackFile): number {
  try {
    return fs.openSync(file.source, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') throw changed(file, 'vanished', error);
    if (errno === 'ELOOP') throw changed(file, 'became a symlink', error);
    throw error;
  }
}

function fillFrom(fd: number, buffer: Buffer): boolean {
  for (let offset = 0; offset < buffer.length;) {
    const count = fs.readSync(fd, buffer, offset, buffer.length - offset, null);
    if (count === 0) return false;
    offset += count;
  }
  return true;
}

function changed(file: PackFile, how: string, cause?: unknown): UpdateError {
  return new UpdateError('INPUT_REFUSED', `'${file.source}' ${how} while the release was built`, {
    hint: 'build from a folder that nothing writes to',
    cause,
  });
}
