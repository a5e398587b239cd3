import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CliDevice } from '../../helpers/cli-device.ts';
import { cliDevice } from '../../helpers/cli-device.ts';
import { asAnotherUser } from '../../helpers/another-user.ts';
import { tufRepository } from '../../helpers/tuf-repository.ts';
import { matching } from '../../helpers/matchers.ts';

const FLOOR = { root: 1, timestamp: 3, at: '2026-11-20T06:00:00.000Z', seal: '' };

/** A device that has verified signatures. */
function signedDevice(): CliDevice & { left: () => string[] } {
  const on = cliDevice();
  const { paths, files } = on.deps;
  for (const file of [paths.trustRoot, join(paths.trusted, 'timestamp.json'), join(paths.trustCache, 'timestamp.json')]) {
    fs.mkdirSync(join(file, '..'), { recursive: true });
    fs.writeFileSync(file, tufRepository().initialRoot);
  }
  files.writePublished({ schema: 1, version: null, installed: null, rollback: { is: 'none' }, history: [], trust: FLOOR });
  const left = (): string[] =>
    [paths.trustRoot, paths.trusted, paths.trustCache].filter((path) => fs.existsSync(path)).map((path) => path.slice(on.root.length));
  return { ...on, left };
}

describe('trust reset', () => {
  it('asks, and removes the root and all that was verified by it', async () => {
    const on = signedDevice();
    const asked: string[] = [];
    on.deps.ask = (question) => {
      asked.push(question);
      return Promise.resolve(true);
    };
    expect(await on.run('trust reset')).toEqual({
      exit: 0,
      out: 'this device trusts no root any more, and verifies no signatures\n',
      err: 'hint: `pikit-update trust FILE` trusts a root again\n',
    });
    expect(asked).toEqual([matching(/It verifies no signatures then, and takes what the source offers\. \[y\/N\] $/)]);
    expect([on.left(), on.deps.files.readPublished()?.trust]).toEqual([[], null]);
  });

  it('can be run again, and says that there is nothing to remove', async () => {
    const on = signedDevice();
    await on.run('trust reset --yes');
    expect(await on.run('trust reset')).toEqual({ exit: 0, out: 'this device trusts no root: there is nothing to remove\n', err: '' });
    expect(JSON.parse((await on.run('trust reset --json')).out)).toEqual({ changed: false });
  });

  it('takes no for an answer, and no answer for none', async () => {
    const on = signedDevice();
    expect((await on.run('trust reset')).exit).toBe(2);
    on.deps.ask = () => Promise.resolve(false);
    expect(await on.run('trust reset')).toMatchObject({ exit: 1, out: 'nothing was changed\n' });
    expect(on.left()).toHaveLength(3);
  });

  it('warns where the timer would install what the source offers', async () => {
    const on = signedDevice();
    on.deps.files.writeSettings({ branch: 'stable', auto: 'install', time: '04:20', skipped_version: null });
    expect((await on.run('trust reset --yes')).err).toMatch(
      /^warning: the timer installs what the source offers; `pikit-update auto check` stops that/,
    );
  });

  it('removes what is damaged, or in the place of a file', async () => {
    const on = signedDevice();
    fs.rmSync(on.deps.paths.trustRoot);
    fs.mkdirSync(on.deps.paths.trustRoot);
    fs.writeFileSync(join(on.deps.paths.trustRoot, 'x'), '');
    fs.rmSync(on.deps.paths.trustCache, { recursive: true });
    fs.symlinkSync(join(on.root, 'etc'), on.deps.paths.trustCache);
    expect((await on.run('trust reset --yes')).exit).toBe(0);
    expect([on.left(), fs.existsSync(on.deps.paths.config)]).toEqual([[], true]);
  });

  it('is for root', async () => {
    const on = signedDevice();
    expect(await asAnotherUser(on.root, () => on.run('trust reset --yes'))).toEqual({
      exit: 1,
      out: '',
      err: 'error: only root can change which root this device trusts\nhint: sudo pikit-update trust reset\n',
    });
    expect(on.left()).toHaveLength(3);
  });
});
