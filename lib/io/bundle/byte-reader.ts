/** Takes a stream of chunks apart by length, one buffer at a time. */
export interface ByteReader {
  /** The next bytes, at least one and at most `max` of them; null at the end. */
  some(max: number): Promise<Buffer | null>;
  /** The next `length` bytes; fewer only when the stream ends before. */
  exactly(length: number): Promise<Buffer>;
}

export function byteReader(source: AsyncIterable<Buffer>): ByteReader {
  const chunks = source[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);

  async function some(max: number): Promise<Buffer | null> {
    while (rest.length === 0) {
      const next = await chunks.next();
      if (next.done === true) return null;
      rest = next.value;
    }
    const taken = rest.subarray(0, max);
    rest = rest.subarray(taken.length);
    return taken;
  }

  async function exactly(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let missing = length; missing > 0;) {
      const part = await some(missing);
      if (part === null) break;
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts);
  }

  return { some, exactly };
}
