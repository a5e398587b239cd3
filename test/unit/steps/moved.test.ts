import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { apply } from '../../../lib/steps/apply.ts';
import { fetchRelease } from '../../../lib/steps/fetch.ts';
import { rollback } from '../../../lib/steps/rollback.ts';
import type { Device } from '../../helpers/device.ts';
import { netDeps, rootDeps } from '../../helpers/device.ts';
import { dashboard, writeTree } from '../../helpers/site-builder.ts';
import { install, onSite } from './published.ts';

const WEB = '/var/www/pikit-web';

function targets(web: string): string {
  const line = (from: string, to: string): string => `[[target]]\nfrom = "${from}"\nto = "${to}"\n`;
  return line('pikit-web/', `${web}/`) + line('pikit-api.py', '/usr/local/bin/pikit-api.py') + line('helpers/', '/usr/local/bin/');
}

/** On 1.0.0, which has a file more than 1.1.0; the owner then moves the web root and tells the configuration. */
async function moved(to: string, { isLinked }: { isLinked: boolean }) {
  const { on, server, publish } = await onSite([]);
  await publish('1.0.0', { files: { ...dashboard('1.0.0'), 'pikit-web/gone.js': 'old' } });
  await install(on);
  fs.mkdirSync(on.at(to.slice(0, to.lastIndexOf('/'))), { recursive: true });
  fs.renameSync(on.at(WEB), on.at(to));
  if (isLinked) fs.symlinkSync(on.at(to), on.at(WEB));
  on.configure({ url: server.url, toml: targets(to) });
  await publish('1.1.0');
  return { on, publish };
}

function page(on: Device, web: string): string {
  return on.read(`${web}/index.html`) ?? 'nothing';
}

describe.each([true, false])('a web root that was moved, with a symlink in its place: %s', (isLinked) => {
  it('is updated where it is now: its files are ours, and nothing is in the way', async () => {
    const { on, publish } = await moved('/srv/pikit/web', { isLinked });
    await fetchRelease(netDeps(on));
    const deps = rootDeps(on);
    expect(await apply(deps)).toMatchObject({ outcome: 'ok' });
    expect(page(on, '/srv/pikit/web')).toContain('1.1.0');
    const receipt = on.files.readHistory().at(-1);
    expect(receipt).not.toHaveProperty('foreign');
    expect(receipt?.left ?? []).toEqual(isLinked ? [`${WEB}/gone.js`] : []);
    expect(on.read('/srv/pikit/web/gone.js')).toBe('old');
    await publish('1.2.0');
    await install(on);
    expect(page(on, '/srv/pikit/web')).toContain('1.2.0');
    expect(await rollback(rootDeps(on))).toMatchObject({ outcome: 'ok', to: '1.1.0' });
    expect(page(on, '/srv/pikit/web')).toContain('1.1.0');
  });

  it('goes back from the first update there', async () => {
    const { on } = await moved('/srv/pikit/web', { isLinked });
    await install(on);
    expect(await rollback(rootDeps(on))).toMatchObject({ outcome: 'ok', to: '1.0.0' });
    expect(page(on, '/srv/pikit/web')).toContain('1.0.0');
  });
});

describe('a web root that was moved behind a symlink after the update', () => {
  it('goes back where it is now, and is updated there again', async () => {
    const { on, server } = await onSite(['1.0.0', '1.1.0']);
    await install(on);
    fs.mkdirSync(on.at('/srv/pikit'), { recursive: true });
    fs.renameSync(on.at(WEB), on.at('/srv/pikit/web'));
    fs.symlinkSync(on.at('/srv/pikit/web'), on.at(WEB));
    await expect(rollback(rootDeps(on))).rejects.toMatchObject({ code: 'DEST_TYPE' });
    on.configure({ url: server.url, toml: targets('/srv/pikit/web') });
    expect(await rollback(rootDeps(on))).toMatchObject({ outcome: 'ok', to: '1.0.0' });
    expect(page(on, '/srv/pikit/web')).toContain('1.0.0');
    await install(on);
    expect(page(on, '/srv/pikit/web')).toContain('1.1.0');
    expect(on.files.readHistory().at(-1)).not.toHaveProperty('foreign');
  });
});

describe('a target that changed', () => {
  it('to a folder below: old files go, new ones come', async () => {
    const { on, server, publish } = await onSite(['1.0.0']);
    await install(on);
    on.configure({ url: server.url, toml: targets(`${WEB}/v2`) });
    await publish('1.1.0');
    await install(on);
    expect([page(on, `${WEB}/v2`), page(on, WEB)]).toEqual([expect.stringContaining('1.1.0'), 'nothing']);
    await rollback(rootDeps(on));
    expect([page(on, `${WEB}/v2`), page(on, WEB)]).toEqual(['nothing', expect.stringContaining('1.0.0')]);
  });
});

describe('a file that a release takes away, and that its owner has replaced', () => {
  it.each(['a link', 'a folder'])('by %s: it is left, named, and nothing is said about a copy', async (what) => {
    const { on, publish } = await onSite([]);
    await publish('1.0.0', { files: { ...dashboard('1'), 'pikit-web/extra.js': 'shipped' } });
    await install(on);
    fs.rmSync(on.at(`${WEB}/extra.js`));
    if (what === 'a link') fs.symlinkSync('index.html', on.at(`${WEB}/extra.js`));
    else writeTree(on.root, { [`${WEB}/extra.js/mine`]: 'mine' });
    await publish('1.1.0');
    await fetchRelease(netDeps(on));
    const deps = rootDeps(on);
    await apply(deps);
    expect(deps.said.filter((line) => line.includes('extra.js'))).toEqual([
      `warning: '${WEB}/extra.js' is not removed, because it is no longer the file that the release installed`,
    ]);
    expect(on.files.readHistory().at(-1)).toMatchObject({ drift: [`${WEB}/extra.js`], left: [`${WEB}/extra.js`] });
    expect(fs.lstatSync(on.at(`${WEB}/extra.js`)).isSymbolicLink()).toBe(what === 'a link');
  });
});
