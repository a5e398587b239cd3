import fs from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { resetTrust, trustLeft } from '../../../lib/device/trust-reset.ts';
import { cliDevice } from '../../helpers/cli-device.ts';

const FLOOR = { root: 1, timestamp: 3, at: '2026-11-20T06:00:00.000Z', seal: '' };

function signedDevice() {
  const on = cliDevice();
  const { paths, files } = on.deps;
  for (const file of [paths.trustRoot, join(paths.trusted, 'root.json'), join(paths.trusted, '1.root.json'), join(paths.trustCache, 'root.json')]) {
    fs.mkdirSync(join(file, '..'), { recursive: true });
    fs.writeFileSync(file, '{}');
  }
  files.writePublished({ schema: 1, version: null, installed: null, rollback: { is: 'none' }, history: [], trust: FLOOR });
  return on;
}

/** What root goes by, and what others do: whether a cut here could be taken for a device that never trusted a root, and whether it is one. */
const standing = (on: ReturnType<typeof signedDevice>): string => {
  const { paths } = on.deps;
  if (fs.existsSync(paths.trustRoot)) return 'signed';
  return fs.existsSync(paths.trusted) ? 'told to reset' : 'unsigned';
};

/** Calls `act` before every call that changes a folder or makes it durable. */
function beforeChanges(act: () => void): () => void {
  const restore = (['unlinkSync', 'rmdirSync', 'renameSync', 'fsyncSync'] as const).map((name) => {
    const original: unknown = Reflect.get(fs, name);
    if (typeof original !== 'function') throw new Error(name);
    Reflect.set(fs, name, (...args: unknown[]): unknown => {
      act();
      const result: unknown = Reflect.apply(original, fs, args);
      return result;
    });
    return (): void => {
      Reflect.set(fs, name, original);
    };
  });
  return () => {
    for (const undo of restore) undo();
  };
}

it('is cut short at any call: what root goes by is signed, then told to reset, then unsigned, and the next run finishes it', async () => {
  const seen: string[] = [];
  for (let cut = 1; ; cut += 1) {
    const on = signedDevice();
    let calls = 0;
    const stop = beforeChanges(() => {
      calls += 1;
      if (calls >= cut) throw Object.assign(new Error('the power is cut'), { code: 'EIO' });
    });
    const isDone = await resetTrust(on.deps, () => undefined).then(
      () => true,
      () => false,
    );
    stop();
    seen.push(standing(on));
    if (isDone) break;
    await resetTrust(on.deps, () => undefined);
    expect(standing(on), `cut ${String(cut)}`).toBe('unsigned');
    expect(trustLeft(on.deps), `cut ${String(cut)}`).toEqual([]);
  }
  expect(seen.filter((one, index) => seen[index - 1] !== one)).toEqual(['signed', 'told to reset', 'unsigned']);
});

it('takes away what was left where giving a root was cut short', async () => {
  const on = signedDevice();
  const { trustRoot } = on.deps.paths;
  fs.writeFileSync(`${trustRoot}.tmp`, '{');
  await resetTrust(on.deps, () => undefined);
  expect(fs.readdirSync(join(trustRoot, '..'))).toEqual([]);
});
