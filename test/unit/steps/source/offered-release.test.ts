import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { check } from '../../../../lib/steps/check.ts';
import { NOW, netDeps } from '../../../helpers/device.ts';
import { onSite } from '../published.ts';
import type { SiteServer } from '../site-server.ts';

const TIMER = { byTimer: true };

describe('a source whose validators do not tell the truth', () => {
  const DAY = 24 * 3600_000;
  const after = (days: number) => ({ ...TIMER, now: () => new Date(NOW.getTime() + days * DAY) });

  /** Answers as nginx does: an ETag of the file's time, which is always the same, and of its size. */
  function nginx(site: string, server: SiteServer, modified: string, date: string): void {
    const mtime = Math.floor(Date.parse(modified) / 1000).toString(16);
    for (const name of ['branches.json', 'manifest.json']) {
      server.answer(`/${name}`, (request, response) => {
        const body = fs.readFileSync(`${site}/${name}`);
        const etag = `"${mtime}-${body.length.toString(16)}"`;
        response.setHeader('date', date);
        if (request.headers['if-none-match'] === etag || request.headers['if-modified-since'] === modified) response.writeHead(304).end();
        else response.writeHead(200, { etag, 'last-modified': modified }).end(body);
      });
    }
  }

  it.each([
    ['1970', 'Thu, 01 Jan 1970 00:00:01 GMT', 1],
    ['npm', 'Sat, 26 Oct 1985 08:15:00 GMT', 1],
    ['zip', 'Tue, 01 Jan 1980 00:00:00 GMT', 1],
    ['a fixed time before the release was made', 'Mon, 01 Sep 2025 00:00:00 GMT', 1],
    ['a plausible time', 'Sat, 21 Nov 2026 10:00:00 GMT', 7],
  ])('is believed no longer than it may be: %s', async (_name, modified, days) => {
    const { on, server, site, publish } = await onSite(['1.0.0']);
    nginx(site, server, modified, NOW.toUTCString());
    await check(netDeps(on, TIMER));
    await publish('1.0.1');
    if (days === 7) expect(await check(netDeps(on, after(1)))).toMatchObject({ to: '1.0.0' });
    // By hand it is there at once, and without a trace in what the timer asks with.
    const state = on.files.readState();
    expect(await check(netDeps(on, after(days)))).toMatchObject({ to: '1.0.1' });
    on.files.writeState(state);
    await publish('1.0.2');
    expect(await check(netDeps(on))).toMatchObject({ to: '1.0.2' });
  });

  it('costs two requests answered 304 where nothing is wrong with it', async () => {
    const { on, server, site } = await onSite(['1.0.0']);
    nginx(site, server, 'Sat, 21 Nov 2026 10:00:00 GMT', NOW.toUTCString());
    await check(netDeps(on, TIMER));
    server.seen.length = 0;
    await check(netDeps(on, after(1)));
    expect(server.seen.map(({ ifNoneMatch }) => ifNoneMatch === null)).toEqual([false, false]);
  });

  it('is not believed about a list that changed in this very second', async () => {
    const { on, server, site } = await onSite(['1.0.0']);
    const list = (description: string): void => {
      fs.writeFileSync(`${site}/branches.json`, JSON.stringify([{ name: 'beta', display_name: 'Beta', description, enabled: true, visible: true }]));
    };
    nginx(site, server, NOW.toUTCString(), NOW.toUTCString());
    list('one');
    await check(netDeps(on, TIMER));
    list('two');
    await check(netDeps(on, TIMER));
    expect(on.read('/var/cache/pikit-update/source/branches.json')).toContain('two');
  });

  it('is not asked with by one who read the cache of an earlier version, which kept it for ever', async () => {
    const { on, server, site } = await onSite(['1.0.0']);
    nginx(site, server, 'Sat, 21 Nov 2026 10:00:00 GMT', NOW.toUTCString());
    await check(netDeps(on, TIMER));
    for (const name of ['branches.json', 'manifest.json']) {
      const file = `${on.paths.cacheDir}/source/${name}.meta`;
      const facts = z.record(z.string(), z.unknown()).parse(JSON.parse(fs.readFileSync(file, 'utf8')));
      fs.writeFileSync(file, JSON.stringify({ ...facts, full_at: undefined, until: undefined }));
    }
    server.seen.length = 0;
    await check(netDeps(on, TIMER));
    await check(netDeps(on, TIMER));
    expect(server.seen.map(({ ifNoneMatch }) => ifNoneMatch === null)).toEqual([true, true, false, false]);
  });
});
