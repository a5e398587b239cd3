/**
 * Directories held open, with what is in them named through the descriptor (Node has no openat): who may write above one can
 * exchange it for a link in the meantime, and does not redirect what is done in it.
 */
import fs from 'node:fs';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = fs.constants;

/** Whether a link at the end of the path may lead to the directory: where root alone can put one there, it is the owner's. */
export type Links = 'follow' | 'refuse';

/** Opens a directory. Throws ENOTDIR or ELOOP for what is none, and for a link that is not to be followed. */
export function openDirectory(path: string | Buffer, links: Links): number {
  return fs.openSync(path, O_RDONLY | O_DIRECTORY | (links === 'follow' ? 0 : O_NOFOLLOW));
}

/** The path of what is in an open directory. */
export function inside(fd: number, name: string): string {
  return `/proc/self/fd/${String(fd)}/${name}`;
}

/** Holds a directory open for as long as `act` takes, which is told by which path to name it. */
export function inDirectory<T>(path: string | Buffer, links: Links, act: (at: string) => T): T {
  const fd = openDirectory(path, links);
  try {
    return act(`/proc/self/fd/${String(fd)}`);
  } finally {
    fs.closeSync(fd);
  }
}
