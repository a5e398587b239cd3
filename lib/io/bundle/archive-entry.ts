/**
 * One entry of a bundle, from its blocks of 512 bytes: a plain file or a directory, with or without an extension in front of it
 * (archive-pax.ts). tar's Header decodes and encodes the blocks; what an entry may be is decided here. Owner, time and mode of
 * an archive are ignored: the manifest says what a file is to be.
 */
import { Header } from 'tar/header';
import { UpdateError } from '../../core/errors.ts';
import { quotable } from '../../core/release/release-path.ts';
import type { Extension } from './archive-pax.ts';
import { EXTENSION_MAX_BYTES, paxBody, readLongName, readPax } from './archive-pax.ts';
import type { Entry } from './bundle-contents.ts';
import { BLOCK_BYTES, PACKING_HINT, padded } from './bundle-contents.ts';
import type { ByteReader } from './byte-reader.ts';

const ZERO_BLOCK = Buffer.alloc(BLOCK_BYTES);
const CHUNK_BYTES = 64 * 1024;
/** `git archive` writes one extended header for all, at the beginning. */
const MAX_GLOBAL_HEADERS = 16;

/** What type bytes mean, for the ones that people meet. */
const TYPES: Readonly<Record<string, string>> = {
  '\0': 'a file in the form of before 1988',
  '1': 'a hard link',
  '2': 'a symbolic link',
  '3': 'a character device',
  '4': 'a block device',
  '6': 'a fifo',
  '7': 'a contiguous file',
  D: 'a directory of an incremental dump',
  K: 'the long name of a link target',
  M: 'the rest of a file of another volume',
  N: 'a long name in an old form',
  S: 'a sparse file',
  V: 'the label of a volume',
  X: 'an extended header in the form of Solaris',
};

/** GNU tar makes a link of the second of two files that share their bytes on disk. */
const LINK_HINT = `pack with --hard-dereference, from a folder without links; ${PACKING_HINT}`;

interface Found {
  header: Header;
  block: Buffer;
  type: string;
  size: number;
  refuse: (why: string, hint?: string) => never;
}

/**
 * The next entry, or null at an orderly end: two blocks of zeros, and only zeros after them. Throws BUNDLE_INVALID for links,
 * devices and all else that is no plain file or directory, for an extension that says more than archive-pax.ts reads, and for
 * fields that readers of tar are known to disagree about (text after a NUL, base-256 sizes, a link name on a file).
 */
export async function nextEntry(reader: ByteReader): Promise<Entry | null> {
  let extension: Extension | null = null;
  for (let globals = 0; ;) {
    const block = await reader.exactly(BLOCK_BYTES);
    if (block.length < BLOCK_BYTES) throw invalid('the bundle ends without an end-of-archive mark');
    if (block.equals(ZERO_BLOCK)) {
      if (extension !== null) throw invalid('the bundle ends after an extended header');
      await assertEnd(reader);
      return null;
    }
    const found = look(block);
    if (!'xgL'.includes(found.type)) return toEntry(found, extension);
    if (extension !== null) found.refuse('it is an extended header behind another one');
    if (found.type === 'g' && (globals += 1) > MAX_GLOBAL_HEADERS) found.refuse('it is one of too many extended headers');
    const read = await readExtension(found, reader);
    extension = found.type === 'g' ? null : read;
  }
}

async function assertEnd(reader: ByteReader): Promise<void> {
  const second = await reader.exactly(BLOCK_BYTES);
  if (!second.equals(ZERO_BLOCK)) throw invalid('the bundle has half an end-of-archive mark');
  for (let rest = await reader.some(CHUNK_BYTES); rest !== null; rest = await reader.some(CHUNK_BYTES)) {
    if (rest.some((byte) => byte !== 0)) throw invalid('the bundle has data after its end-of-archive mark');
  }
}

/** What all kinds of header have in common: a checksum, a name that is whole, and a size in octal digits. */
function look(block: Buffer): Found {
  const header = decodeHeader(block);
  const name = quotable(header.path ?? '');
  const refuse = (why: string, hint = PACKING_HINT): never => {
    throw new UpdateError('BUNDLE_INVALID', `the bundle's entry '${name}' is refused: ${why}`, { hint });
  };
  if (!header.cksumValid) refuse('its checksum is wrong');
  if (/\0[^\0]/.test(block.toString('latin1', 0, 100))) refuse('its name has a NUL in it');
  const type = block.toString('latin1', 156, 157);
  if (!'05xgL'.includes(type)) {
    const what = TYPES[type] ?? `of the unknown type 0x${type.charCodeAt(0).toString(16)}`;
    refuse(`it is ${what}, only plain files are allowed`, type === '1' ? LINK_HINT : PACKING_HINT);
  }
  const size = block.toString('latin1', 124, 136);
  if (!/^ *[0-7]{1,12}[ \0]*$/.test(size)) refuse('its size is not an octal number');
  return { header, block, type, size: Number.parseInt(size, 8), refuse };
}

async function readExtension({ type, size, refuse }: Found, reader: ByteReader): Promise<Extension> {
  const refuseIt = (why: string): never => refuse(`its extended header ${why}`);
  if (size > EXTENSION_MAX_BYTES) refuseIt(`has ${String(size)} bytes, ${String(EXTENSION_MAX_BYTES)} are allowed`);
  const body = await reader.exactly(padded(size));
  if (body.length < padded(size)) throw invalid('the bundle ends inside an extended header');
  const text = body.subarray(0, size);
  return type === 'L' ? readLongName(text, refuseIt) : readPax(text, type === 'g' ? 'g' : 'x', refuseIt);
}

function toEntry({ header, type, size, refuse }: Found, extension: Extension | null): Entry {
  const isDirectory = type === '5';
  if (header.linkpath !== undefined && header.linkpath !== '') refuse('it has a link target');
  if (extension?.size !== null && extension?.size !== undefined && extension.size !== size) {
    refuse(`its extended header says ${String(extension.size)} bytes, and the header itself ${String(size)}`);
  }
  if (isDirectory && size !== 0) refuse(`it is a directory with ${String(size)} bytes of content`);
  const path = (extension?.path ?? header.path ?? '').replace(/^\.\/(?=.)/, '');
  if (!isDirectory) return { path, isDirectory, size };
  // The folder that was packed: `.` mostly, and without a name where Python was told to leave it out.
  return { path: path === '/' ? '.' : path.replace(/\/$/, ''), isDirectory, size };
}

function decodeHeader(block: Buffer): Header {
  try {
    return new Header(block);
  } catch (error) {
    throw new UpdateError('BUNDLE_INVALID', 'the bundle has an entry header that cannot be read', { cause: error, hint: PACKING_HINT });
  }
}

function invalid(message: string): UpdateError {
  return new UpdateError('BUNDLE_INVALID', message, { hint: PACKING_HINT });
}

/**
 * The blocks in front of a file: a plain ustar header, behind an extended one where the name is not ASCII or too long for it.
 * Without owner or time, so that the same file gives the same bytes. Throws INPUT_REFUSED for a file of 8 GiB or more.
 */
export function encodeEntry({ path, mode, size }: { path: string; mode: number; size: number }): Buffer[] {
  const block = Buffer.alloc(BLOCK_BYTES);
  const fields = { mode, uid: 0, gid: 0, mtime: new Date(0) };
  if (!new Header({ ...fields, path, size, type: 'File' }).encode(block)) return [block];
  if (size > 0o77777777777) {
    throw new UpdateError('INPUT_REFUSED', `'${path}' has ${String(size)} bytes, a file of a release may have 8 GiB`);
  }
  const body = paxBody(path);
  const extended = Buffer.alloc(BLOCK_BYTES);
  new Header({ ...fields, mode: 0o644, path: 'PaxHeader', size: body.length, type: 'ExtendedHeader' }).encode(extended);
  return [extended, body, Buffer.alloc(padded(body.length) - body.length), block];
}
