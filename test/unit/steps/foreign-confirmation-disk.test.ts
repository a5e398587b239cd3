import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { toUpdateError } from '../../../lib/core/errors.ts';
import { apply } from '../../../lib/steps/apply.ts';
import { fetchRelease } from '../../../lib/steps/fetch.ts';
import { beforeCall } from '../../helpers/before-call.ts';
import { netDeps, rootDeps, temporary } from '../../helpers/device.ts';
import { containing } from '../../helpers/matchers.ts';
import { canMount } from '../../helpers/mount.ts';
import { dashboard, writeTree } from '../../helpers/site-builder.ts';
import { EDITED, copiesOf } from './kept-copies.ts';
import { install, onSite } from './published.ts';

const PAGE = '/var/www/pikit-web/index.html';

describe.skipIf(!canMount())('a disk that fills up while the copy is written (skipped without root)', () => {
  const MIB = 1024 * 1024;

  it('ends the update before its first rename, without a beginning of a copy, and the next one keeps the whole file', async () => {
    const root = temporary();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755,size=8m', 'none', root]);
    onTestFinished(() => {
      execFileSync('umount', [root]);
    });
    const { on, publish } = await onSite([], { root });
    const mine = Buffer.alloc(MIB, 'mine');
    writeTree(on.root, { [PAGE]: mine });
    await publish('1.0.0');
    await fetchRelease(netDeps(on));
    const before = on.tree();
    // Room for the beginning of it: the update has counted that there is enough, and then another program writes.
    beforeCall('openSync', /edited\/.*index\.html$/, () => {
      fs.writeFileSync(on.at('/filler'), Buffer.alloc(roomIn(root) - MIB / 2));
    });
    expect(toUpdateError(await apply(rootDeps(on)).catch((error: unknown) => error))).toMatchObject({ code: 'NO_SPACE' });
    expect(fs.existsSync(on.at('/filler'))).toBe(true);
    expect([fs.existsSync(on.at(EDITED)), fs.existsSync(on.paths.journal)]).toEqual([false, false]);
    fs.rmSync(on.at('/filler'));
    expect(on.tree()).toEqual(before);
    expect(await apply(rootDeps(on))).toMatchObject({ outcome: 'ok' });
    expect(copiesOf(on, PAGE)).toEqual([mine.toString()]);
  });

  it('is foreseen where the file does not fit at all', async () => {
    const root = temporary();
    const { on, publish } = await onSite([], { root });
    writeTree(on.root, { [PAGE]: Buffer.alloc(MIB, 'mine') });
    await publish('1.0.0');
    await fetchRelease(netDeps(on));
    fs.mkdirSync(on.at('/var/lib/pikit'), { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=700,size=512k', 'none', on.at('/var/lib/pikit')]);
    onTestFinished(() => {
      execFileSync('umount', [on.at('/var/lib/pikit')]);
    });
    const before = on.tree();
    await expect(apply(rootDeps(on))).rejects.toMatchObject({ code: 'NO_SPACE', message: containing('the update needs') });
    expect([on.tree(), fs.existsSync(on.at(EDITED))]).toEqual([before, false]);
  });

  function roomIn(path: string): number {
    const { bavail, bsize } = fs.statfsSync(path);
    return bavail * bsize;
  }
});

describe('two updates, each over another file of the owner', () => {
  it('leave both copies', async () => {
    const { on, publish } = await onSite([]);
    writeTree(on.root, { [PAGE]: 'by hand' });
    await publish('1.0.0');
    await install(on);
    const extra = '/var/www/pikit-web/extra (mine) größe.js';
    writeTree(on.root, { [extra]: 'mine too', [PAGE]: 'edited' });
    await publish('1.1.0', { files: { ...dashboard('1.1.0'), [extra.replace('/var/www/', '')]: 'theirs' } });
    await install(on);
    expect([copiesOf(on, PAGE), copiesOf(on, extra)]).toEqual([['by hand', 'edited'], ['mine too']]);
    expect(
      on.files
        .readHistory()
        .at(-1)
        ?.foreign?.map(({ path }) => path),
    ).toEqual([extra]);
    expect(fs.readdirSync(on.at(EDITED))).toHaveLength(2);
  });
});
