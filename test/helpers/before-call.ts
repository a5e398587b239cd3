/** What another program does just before a certain call of ours. */
import fs from 'node:fs';
import { onTestFinished } from 'vitest';

/** Just before the first call of this name with this path. */
export function beforeCall(name: 'linkSync' | 'mkdirSync' | 'openSync', path: RegExp, act: () => void): void {
  const original: unknown = Reflect.get(fs, name);
  if (typeof original !== 'function') throw new Error(name);
  Reflect.set(fs, name, (...args: unknown[]): unknown => {
    if (args.some((arg) => typeof arg === 'string' && path.test(arg))) {
      Reflect.set(fs, name, original);
      act();
    }
    const result: unknown = Reflect.apply(original, fs, args);
    return result;
  });
  onTestFinished(() => {
    Reflect.set(fs, name, original);
  });
}
