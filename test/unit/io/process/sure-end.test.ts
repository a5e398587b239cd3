/** The end of the event loop and what is thrown there belong to a whole process: test/unit/steps/run-step.test.ts has those. */
import { describe, expect, it } from 'vitest';
import { sureEnd } from '../../../../lib/io/process/sure-end.ts';

describe('a wait that ends', () => {
  it('settles as its work does, and leaves no listener', async () => {
    const before = process.listenerCount('beforeExit');
    expect(await sureEnd('it', () => Promise.resolve(1))).toBe(1);
    await expect(sureEnd('it', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(process.listenerCount('beforeExit')).toBe(before);
  });

  it('is lost from the inside to the outside when the event loop runs dry', async () => {
    const lost: string[] = [];
    const never = new Promise<never>(() => undefined);
    const inner = async (): Promise<never> => {
      await sureEnd('inner', () => never).catch((error: unknown) => lost.push(String(error)));
      return await never;
    };
    const outer = sureEnd('outer', inner).catch((error: unknown) => lost.push(String(error)));
    for (let times = 0; times < 2; times += 1) {
      process.emit('beforeExit', 0);
      await new Promise(setImmediate);
    }
    await outer;
    expect(lost).toEqual([
      'UpdateError: inner did not end, and nothing is left to wait for',
      'UpdateError: outer did not end, and nothing is left to wait for',
    ]);
  });
});
