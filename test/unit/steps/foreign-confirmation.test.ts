import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { apply } from '../../../lib/steps/apply.ts';
import { fetchRelease } from '../../../lib/steps/fetch.ts';
import { rollback } from '../../../lib/steps/rollback.ts';
import { seenNow } from '../../../lib/device/confirm-replace.ts';
import { beforeCall } from '../../helpers/before-call.ts';
import type { Device } from '../../helpers/device.ts';
import { NOW, netDeps, rootDeps } from '../../helpers/device.ts';
import { containing, matching } from '../../helpers/matchers.ts';
import { dashboard, writeTree } from '../../helpers/site-builder.ts';
import { EDITED, copiesOf } from './kept-copies.ts';
import { install, onSite } from './published.ts';
import { wish } from '../../helpers/wish.ts';

const PAGE = '/var/www/pikit-web/index.html';
const TOOL = '/usr/local/bin/tool';

/** On 1.0.0, with a tool of the owner where 1.1.0 brings one. */
async function withTool() {
  const { on, publish } = await onSite([]);
  await publish('1.0.0');
  await install(on);
  writeTree(on.root, { [TOOL]: { data: 'mine', mode: 0o750 } });
  await publish('1.1.0', { files: { ...dashboard('1.1.0'), 'helpers/tool': 'theirs' } });
  await fetchRelease(netDeps(on));
  return { on, publish };
}

/** As root writes it down for the owner, just now. */
function confirm(on: Device): void {
  on.files.writeWanted(wish(NOW, { replace: seenNow(on, [TOOL]) }));
}

function startedByTimer(on: Device): void {
  on.files.writeSettings({ ...on.files.readSettings(), auto: 'install' });
  writeTree(on.root, { '/run/pikit-update/orders/granted/apply': JSON.stringify({ run: 'r', until: 'apply', by: 'timer' }) });
}

describe('a dashboard that was copied by hand before the first update', () => {
  it('is replaced by one command: named, and kept after every later update', async () => {
    const { on, publish } = await onSite([]);
    writeTree(on.root, {
      [PAGE]: 'by hand',
      '/var/www/pikit-web/assets/app.js': "console.log('1');\n",
      '/usr/local/bin/pikit-api.py': 'by hand too',
    });
    await publish('1.0.0', { files: dashboard('1') });
    await fetchRelease(netDeps(on));
    const deps = rootDeps(on);
    expect(await apply(deps)).toMatchObject({ outcome: 'ok' });
    const receipt = on.files.readHistory().at(-1);
    expect(receipt).toMatchObject({ drift: [] });
    expect(receipt?.foreign?.map(({ path }) => path).toSorted()).toEqual(['/usr/local/bin/pikit-api.py', PAGE]);
    for (const { path, copy } of receipt?.foreign ?? []) expect(on.read(copy ?? ''), path).toContain('by hand');
    expect(deps.said).toContainEqual(
      matching(new RegExp(`^warning: '${PAGE}' was not installed by a release; your file is kept as '${EDITED}/[0-9a-f]{8}${PAGE}'$`)),
    );
    for (const version of ['1.1.0', '1.2.0']) {
      await publish(version);
      await install(on);
      expect(on.read('/etc/pikit/version')).toBe(`${version}\n`);
    }
    expect(copiesOf(on, PAGE)).toEqual(['by hand']);
  });

  it('is not replaced by the timer: the release stays on offer, with the reason', async () => {
    const { on, publish } = await onSite([]);
    writeTree(on.root, { [PAGE]: 'by hand' });
    await publish('1.0.0');
    await fetchRelease(netDeps(on));
    const before = on.tree();
    startedByTimer(on);
    const result = await apply(rootDeps(on));
    expect(result).toMatchObject({
      outcome: 'nothing',
      to: '1.0.0',
      foreign: [{ path: PAGE, copy: null }],
      message: `1.0.0 will not be installed automatically because it would replace '${PAGE}', which no release brought; run \`pikit-update apply\` to install it and keep your files`,
    });
    expect(on.tree()).toEqual(before);
    expect(on.files.readState().available).toMatchObject({ outcome: 'available', reason: containing('will not be installed automatically') });
    expect([on.files.readHeld().versions, on.files.readStaged()?.version]).toEqual([[], '1.0.0']);
    expect(await apply(rootDeps(on))).toMatchObject({ outcome: 'ok' });
  });
});

describe('a file that is saved anew while the update is being prepared', () => {
  const inPlace = (path: string): void => {
    fs.appendFileSync(path, ', and newer');
  };
  const byEditor = (path: string): void => {
    fs.writeFileSync(`${path}.swp`, 'by hand, and newer');
    fs.renameSync(`${path}.swp`, path);
  };

  it.each([
    ['the backup', 'linkSync', /backups.*index\.html$/, inPlace],
    ['the backup', 'linkSync', /backups.*index\.html$/, byEditor],
    ['the copy', 'openSync', /edited\/.*index\.html$/, inPlace],
    ['the copy', 'openSync', /edited\/.*index\.html$/, byEditor],
    ['the new bytes', 'openSync', /bin\/\.pikit-[0-9a-f]{8}\.\d+$/, inPlace],
    ['the new bytes', 'openSync', /bin\/\.pikit-[0-9a-f]{8}\.\d+$/, byEditor],
    ['the second name', 'linkSync', /pikit-web\/\.pikit-[0-9a-f]{8}\.o\d+$/, inPlace],
    ['the second name', 'linkSync', /pikit-web\/\.pikit-[0-9a-f]{8}\.o\d+$/, byEditor],
    ['the second name of another', 'linkSync', /etc\/pikit\/\.pikit-[0-9a-f]{8}\.o\d+$/, byEditor],
  ] as const)('is not lost: before %s (%s %s)', async (_what, name, path, save) => {
    const { on, publish } = await onSite([]);
    writeTree(on.root, { [PAGE]: 'by hand', '/etc/pikit/version': 'mine' });
    await publish('1.0.0');
    await fetchRelease(netDeps(on));
    beforeCall(name, path, () => {
      save(on.at(PAGE));
    });
    await expect(apply(rootDeps(on))).rejects.toMatchObject({ code: 'RELEASE_CHANGED', hint: 'try again' });
    expect([on.read(PAGE), copiesOf(on, PAGE)]).toEqual(['by hand, and newer', []]);
    expect(fs.readdirSync(on.at('/var/www/pikit-web'))).toEqual(['index.html']);
    expect(await apply(rootDeps(on))).toMatchObject({ outcome: 'ok' });
    expect(copiesOf(on, PAGE)).toEqual(['by hand, and newer']);
  });
});

describe('a tool of the owner in a shared folder', () => {
  it('is not replaced unless the owner confirms it, and the command is named', async () => {
    const { on } = await withTool();
    const before = on.tree();
    await expect(apply(rootDeps(on))).rejects.toMatchObject({
      code: 'FOREIGN_FILES',
      hint: containing('`pikit-update apply --replace /usr/local/bin/tool`'),
      foreign: [{ path: TOOL, copy: null }],
    });
    expect(on.tree()).toEqual(before);
    expect(copiesOf(on, TOOL)).toEqual([]);
  });

  it('is replaced once it is confirmed, and kept', async () => {
    const { on, publish } = await withTool();
    confirm(on);
    expect(await apply(rootDeps(on))).toMatchObject({ outcome: 'ok' });
    expect([on.read(TOOL), copiesOf(on, TOOL)]).toEqual(['theirs', ['mine']]);
    await publish('1.2.0', { files: { ...dashboard('1.2.0'), 'helpers/tool': 'theirs again' } });
    await install(on);
    expect([on.read(TOOL), copiesOf(on, TOOL)]).toEqual(['theirs again', ['mine']]);
  });

  it('is not replaced when it has changed since it was confirmed, nor by a confirmation that was used', async () => {
    const { on } = await withTool();
    confirm(on);
    fs.writeFileSync(on.at(TOOL), 'mine, and newer');
    await expect(apply(rootDeps(on))).rejects.toMatchObject({ code: 'FOREIGN_FILES' });
    fs.writeFileSync(on.at(TOOL), 'mine');
    await expect(apply(rootDeps(on))).rejects.toMatchObject({ code: 'FOREIGN_FILES' });
  });

  it('is not replaced by the timer, confirmed or not', async () => {
    const { on } = await withTool();
    confirm(on);
    startedByTimer(on);
    expect(await apply(rootDeps(on))).toMatchObject({ outcome: 'nothing' });
    expect(on.read(TOOL)).toBe('mine');
  });

  it('is taken over without a word when it has the bytes of the release, whatever its mode', async () => {
    const { on } = await withTool();
    fs.writeFileSync(on.at(TOOL), 'theirs');
    expect(await apply(rootDeps(on))).toMatchObject({ outcome: 'ok' });
    expect(on.files.readHistory().at(-1)).not.toHaveProperty('foreign');
    expect(copiesOf(on, TOOL)).toEqual([]);
  });

  it('is where it was after an update that is undone, without a copy, and its confirmation is used', async () => {
    const { on } = await withTool();
    const before = on.tree(['/usr', '/var/www']);
    confirm(on);
    on.configure({ health: ['http://127.0.0.1:1/'], healthTimeout: '300ms' });
    expect(await apply(rootDeps(on))).toMatchObject({ failure: { code: 'PROBE_FAILED' } });
    expect([on.tree(['/usr', '/var/www']), copiesOf(on, TOOL)]).toEqual([before, []]);
    expect(on.files.readWanted()).toBeNull();
  });

  it('comes back with a rollback', async () => {
    const { on } = await withTool();
    confirm(on);
    await apply(rootDeps(on));
    expect(await rollback(rootDeps(on))).toMatchObject({ outcome: 'ok' });
    expect([on.read(TOOL), copiesOf(on, TOOL)]).toEqual(['mine', ['mine']]);
  });
});

describe('a file at a path that a release has left', () => {
  it("is the owner's: it is kept when a later release, or a rollback, takes its place", async () => {
    const { on, publish } = await onSite([]);
    const extra = '/var/www/pikit-web/extra.js';
    await publish('1.0.0', { files: { ...dashboard('1'), 'pikit-web/extra.js': 'shipped' } });
    await install(on);
    await publish('1.1.0', { files: dashboard('2') });
    await install(on);
    expect(on.read(extra)).toBeNull();
    writeTree(on.root, { [extra]: 'mine' });
    await rollback(rootDeps(on));
    expect([on.read(extra), copiesOf(on, extra)]).toEqual(['shipped', ['mine']]);
    expect(on.files.readHistory().at(-1)?.foreign).toMatchObject([{ path: extra }]);
  });
});
