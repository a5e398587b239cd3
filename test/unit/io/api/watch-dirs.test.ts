import fs from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { watchDirs } from '../../../../lib/io/api/watch-dirs.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();

function bell() {
  let ring = (): void => undefined;
  const bells = { rung: 0 };
  return {
    bells,
    onChange: (): void => {
      bells.rung += 1;
      ring();
    },
    next: () => new Promise<void>((resolve) => (ring = resolve)),
  };
}

it('hears of a file that is replaced', async () => {
  const { onChange, next } = bell();
  const end = watchDirs([dir()], onChange);
  const heard = next();
  fs.writeFileSync(join(dir(), 'a.tmp'), 'x');
  fs.renameSync(join(dir(), 'a.tmp'), join(dir(), 'a'));
  await heard;
  end();
});

it('hears of files in a directory that comes later, and below another one that comes later', async () => {
  const { onChange, next, bells } = bell();
  const deep = join(dir(), 'run/pikit-update');
  const end = watchDirs([deep], onChange);
  const heard = next();
  fs.mkdirSync(deep, { recursive: true });
  await heard;
  for (const name of ['one', 'two']) {
    const again = next();
    fs.writeFileSync(join(deep, name), name);
    await again;
  }
  end();
  const before = bells.rung;
  fs.writeFileSync(join(deep, 'three'), 'x');
  await new Promise((resolve) => setImmediate(resolve));
  expect(bells.rung).toBe(before);
});
