/**
 * The image of a disk in memory, written out as often as a test needs it. What is zero becomes a hole in the file, so that a
 * disk costs as much as what is on it.
 */
import fs from 'node:fs';

export interface Write {
  /** In bytes, from the beginning of the disk. */
  at: number;
  bytes: Buffer;
}

export interface Image {
  bytes: Buffer;
  /** The pages that may hold something. */
  used: Set<number>;
}

const PAGE_BYTES = 4096;

export function readImage(file: string): Image {
  const bytes = fs.readFileSync(file);
  const zeros = Buffer.alloc(PAGE_BYTES);
  const pages = Array.from({ length: Math.ceil(bytes.length / PAGE_BYTES) }, (_, page) => page);
  return { bytes, used: new Set(pages.filter((page) => !pageOf(bytes, page).equals(zeros))) };
}

function pageOf(bytes: Buffer, page: number): Buffer {
  return bytes.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
}

/** Another image with the same on it. */
export function copyImage({ bytes, used }: Image): Image {
  return { bytes: Buffer.from(bytes), used: new Set(used) };
}

/** Writes the image to a file that is not there yet. */
export function saveImage({ bytes, used }: Image, file: string): void {
  const fd = fs.openSync(file, 'wx');
  try {
    fs.ftruncateSync(fd, bytes.length);
    for (const page of used) fs.writeSync(fd, pageOf(bytes, page), 0, undefined, page * PAGE_BYTES);
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * Writes the image to a file, runs, and removes the file. Always a new file: where another process still has the last one
 * mounted (a container that starts has all mounts of its host at first), mount(8) would give us that again, without its power.
 */
export async function withDisk<T>(image: Image, scratch: string, use: (file: string) => Promise<T>): Promise<T> {
  const file = `${scratch}/disk`;
  saveImage(image, file);
  try {
    return await use(file);
  } finally {
    fs.unlinkSync(file);
  }
}

/** Brings writes about; answers what takes them back. */
export function bring({ bytes: disk, used }: Image, writes: readonly Write[]): () => void {
  const before = writes.map(({ at, bytes }) => {
    const old = Buffer.from(disk.subarray(at, at + bytes.length));
    bytes.copy(disk, at);
    for (let page = Math.floor(at / PAGE_BYTES); page * PAGE_BYTES < at + bytes.length; page += 1) used.add(page);
    return { at, old };
  });
  return () => {
    for (const { at, old } of before.reverse()) old.copy(disk, at);
  };
}
