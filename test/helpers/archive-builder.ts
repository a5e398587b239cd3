/**
 * Builds tar archives block by block, so that a test can put any byte anywhere: independent of the library under test.
 * Unset fields are those of a harmless plain file.
 */
import { createHash } from 'node:crypto';
import zlib from 'node:zlib';

export interface EntryFields {
  name: string | Buffer;
  data?: string | Buffer;
  /** The type byte: '0' file, '1' link, '2' symlink, '5' directory, 'x' PAX … */
  type?: string;
  mode?: number;
  /** Field text or bytes, when they shall not be the length of `data`. */
  size?: number | string | Buffer;
  linkname?: string;
  prefix?: string;
  uid?: number | Buffer;
  mtime?: number | Buffer;
  magic?: string;
  /** Added to the right checksum. */
  checksumError?: number;
}

const BLOCK = 512;

function put(block: Buffer, offset: number, length: number, value: string | Buffer): void {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  bytes.copy(block, offset, 0, length);
}

function octal(value: number | string | Buffer, digits: number): string | Buffer {
  return typeof value === 'number' ? `${value.toString(8).padStart(digits, '0')}\0` : value;
}

/** A header, its content, and padding. */
export function tarEntry(fields: EntryFields): Buffer {
  const data = Buffer.from(fields.data ?? '');
  const block = Buffer.alloc(BLOCK);
  put(block, 0, 100, fields.name);
  put(block, 100, 8, octal(fields.mode ?? 0o644, 7));
  put(block, 108, 8, octal(fields.uid ?? 0, 7));
  put(block, 116, 8, octal(0, 7));
  put(block, 124, 12, octal(fields.size ?? data.length, 11));
  put(block, 136, 12, octal(fields.mtime ?? 0, 11));
  put(block, 156, 1, fields.type ?? '0');
  put(block, 157, 100, fields.linkname ?? '');
  put(block, 257, 8, fields.magic ?? 'ustar\x0000');
  put(block, 345, 155, fields.prefix ?? '');
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0) + (fields.checksumError ?? 0);
  put(block, 148, 8, `${sum.toString(8).padStart(6, '0')}\0 `);
  return Buffer.concat([block, data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK)]);
}

export const END_OF_ARCHIVE = Buffer.alloc(2 * BLOCK);

/** A PAX extension (`x` for the next entry, `g` for all) with the given records. */
export function paxEntry(records: Record<string, string>, type = 'x'): Buffer {
  const lines = Object.entries(records).map(([key, value]) => {
    const body = Buffer.byteLength(` ${key}=${value}\n`);
    let length = body + String(body).length;
    if (body + String(length).length !== length) length = body + String(length).length;
    return `${String(length)} ${key}=${value}\n`;
  });
  return tarEntry({ name: 'PaxHeader/x', type, data: lines.join('') });
}

/** A complete .tar.gz of the given entries (fields, or raw bytes). */
export function tarGz(entries: readonly (EntryFields | Buffer)[]): Buffer {
  const blocks = entries.map((entry) => (Buffer.isBuffer(entry) ? entry : tarEntry(entry)));
  return zlib.gzipSync(Buffer.concat([...blocks, END_OF_ARCHIVE]));
}

export function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
