/**
 * Files of a site that is a folder of this device, mostly a USB stick: not ours, it may be pulled out at any time, and
 * on which a name may be anything. Only regular files are read, never through a symlink at the end of the path, and a FIFO does
 * not hang us.
 */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UpdateError, errnoOf } from '../../core/errors.ts';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

/** The medium under an open file is gone, or failing. */
const GONE = new Set(['EIO', 'ENODEV', 'ENXIO', 'ENOTCONN', 'ESTALE', 'ENOMEDIUM', 'EBADMSG', 'EUCLEAN']);

const HINT = 'is the stick plugged in and mounted? Check source.url in /etc/pikit/update.toml; nothing was changed';

export interface OpenFile {
  fd: number;
  path: string;
  size: number;
}

/** Opens a file: address for reading. Throws OFFLINE when the site is not there, NOT_FOUND when only the file is not. */
export function openLocalFile(url: URL, what: string): OpenFile {
  const path = fileURLToPath(url);
  let fd: number;
  try {
    fd = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    throw openError(error, path, what);
  }
  const stat = fs.fstatSync(fd);
  if (stat.isFile()) return { fd, path, size: stat.size };
  fs.closeSync(fd);
  throw notPlain(path, what);
}

/** A whole file of at most `maxBytes`. */
export function readLocalFile(url: URL, request: { what: string; maxBytes: number; signal: AbortSignal }): Buffer {
  if (request.signal.aborted) throw new UpdateError('CANCELLED', 'cancelled');
  const { fd, path, size } = openLocalFile(url, request.what);
  try {
    const tooLarge = (bytes: number): UpdateError =>
      new UpdateError('RESPONSE_TOO_LARGE', `${request.what} has ${String(bytes)} bytes or more, at most ${String(request.maxBytes)} are allowed`);
    if (size > request.maxBytes) throw tooLarge(size);
    // One byte more than it had: a concurrent writer causes a wrong digest, not more memory use.
    const bytes = Buffer.alloc(size + 1);
    const length = fs.readSync(fd, bytes, 0, bytes.length, 0);
    if (length > request.maxBytes) throw tooLarge(length);
    return bytes.subarray(0, length);
  } catch (error) {
    throw mediumError(error, path);
  } finally {
    fs.closeSync(fd);
  }
}

/** What went wrong while reading: OFFLINE when the medium went away; anything else as it is. */
export function mediumError(error: unknown, path: string): unknown {
  const errno = errnoOf(error);
  if (error instanceof UpdateError || errno === null || !GONE.has(errno)) return error;
  return new UpdateError('OFFLINE', `'${path}' cannot be read (${errno}): the stick was pulled out, or is failing`, {
    hint: 'plug it in again, and try again; what was copied so far is not used; nothing was changed',
    cause: error,
    subject: path,
  });
}

function openError(error: unknown, path: string, what: string): unknown {
  const errno = errnoOf(error);
  if (errno === 'ELOOP') return notPlain(path, what);
  if (errno === 'EACCES' || errno === 'EPERM') {
    return new UpdateError('PERMISSION', `'${path}' cannot be read by the user of this step (${errno})`, {
      hint: 'mount the stick so that all users can read it (for vfat: umask=022); /home and /root are never visible to the updater',
      cause: error,
    });
  }
  if (errno !== 'ENOENT' && errno !== 'ENOTDIR') return mediumError(error, path);
  const folder = siteOf(path);
  if (isEmptyOrGone(folder)) {
    return new UpdateError('OFFLINE', `${what} is not at '${path}': the folder '${folder}' is ${fs.existsSync(folder) ? 'empty' : 'not there'}`, {
      hint: HINT,
      cause: error,
      subject: path,
    });
  }
  return new UpdateError('NOT_FOUND', `${what} is not at '${path}'`, {
    hint: 'check source.url in /etc/pikit/update.toml; if it is right, the release was not copied there completely',
    cause: error,
    subject: path,
  });
}

/** The folder of the site: one of its own folders may be missing where the rest was copied. */
function siteOf(path: string): string {
  return dirname(path).replace(/\/(?:tuf(?:\/targets)?|manifests\/[^/]+|bundles)$/, '') || '/';
}

/** A mount point without its medium is an empty folder, or one that is not there any more. */
function isEmptyOrGone(folder: string): boolean {
  try {
    return fs.readdirSync(folder).length === 0;
  } catch {
    // Safe to ignore: what cannot be listed is as good as gone, and the error that is reported is that of the file.
    return true;
  }
}

function notPlain(path: string, what: string): UpdateError {
  return new UpdateError('NOT_FOUND', `${what} at '${path}' is not a plain file`, {
    hint: 'copy the site to the stick as files, without links; nothing was changed',
    subject: path,
  });
}
