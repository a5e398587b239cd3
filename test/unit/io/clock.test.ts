import { describe, expect, it } from 'vitest';
import { pause } from '../../../lib/io/clock.ts';

describe('pause', () => {
  it('ends', async () => {
    await expect(pause(1, new AbortController().signal)).resolves.toBeUndefined();
  });

  it.each([
    ['before', (): AbortSignal => AbortSignal.abort()],
    [
      'meanwhile',
      (): AbortSignal => {
        const cancel = new AbortController();
        setImmediate(() => {
          cancel.abort();
        });
        return cancel.signal;
      },
    ],
  ])('is CANCELLED at once: %s', async (_name, signal) => {
    await expect(pause(3_600_000, signal())).rejects.toMatchObject({ code: 'CANCELLED', cause: { name: 'AbortError' } });
  });
});
