import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { lastOutput } from '../../../../lib/io/process/command-end.ts';

describe('lastOutput', () => {
  it('keeps the last 64 Ki characters of all streams, of bytes that are no text as well', async () => {
    const output = lastOutput();
    const [out, err, long] = [new PassThrough(), new PassThrough(), new PassThrough()];
    output.add(out);
    out.end('first ');
    await finished(out);
    output.add(err);
    err.end(Buffer.from([0xff, 0x41]));
    await finished(err);
    expect(output.text()).toBe('first \ufffdA');
    output.add(long);
    long.end('x'.repeat(70_000));
    await finished(long);
    expect(output.text()).toBe('x'.repeat(64 * 1024));
  });
});
