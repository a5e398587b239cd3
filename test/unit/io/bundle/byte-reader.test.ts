import { describe, expect, it } from 'vitest';
import { byteReader } from '../../../../lib/io/bundle/byte-reader.ts';

async function* chunks(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text));
}

describe('byteReader', () => {
  it('puts chunks together and takes them apart', async () => {
    const reader = byteReader(chunks('a', '', 'bc', 'defg'));
    expect(String(await reader.exactly(2))).toBe('ab');
    expect(String(await reader.some(10))).toBe('c');
    expect(String(await reader.exactly(0))).toBe('');
    expect(String(await reader.some(2))).toBe('de');
    expect(String(await reader.exactly(9))).toBe('fg');
    expect(await reader.some(1)).toBeNull();
    expect(String(await reader.exactly(1))).toBe('');
  });
});
