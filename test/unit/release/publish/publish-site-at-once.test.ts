/** Publishing while another process builds or publishes: devices find whole releases all the time, and the next run puts everything in order. */
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseGiteaReleases, findFile } from '../../../../lib/core/network/gitea.ts';
import { bundleName, parseManifest } from '../../../../lib/core/release/manifest.ts';
import type { PublishReport } from '../../../../lib/release/publish/publish-site.ts';
import { publishSite } from '../../../../lib/release/publish/publish-site.ts';
import { verifySite } from '../../../../lib/release/verify/verify.ts';
import type { BranchSite } from '../../../helpers/branch-site.ts';
import { branchSite } from '../../../helpers/branch-site.ts';
import { releaseJson } from '../../../helpers/gitea-repository.ts';
import type { GiteaServer } from '../../../helpers/gitea-server.ts';
import { WRITER, giteaServer } from '../../../helpers/gitea-server.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();

function publish(site: string, to: string, onDone: () => void = () => undefined): Promise<PublishReport> {
  return publishSite({ site, to, branches: [], token: WRITER, verify: false, signal: new AbortController().signal, onDone });
}

/** A site with 1.0.0, and what it becomes when 1.1.0 is built: `build` does that in one go, at any moment. */
async function scene(): Promise<{ site: BranchSite; startOver: () => void; build: () => void }> {
  const site = branchSite(dir());
  await site.build('1.0.0');
  const before = join(dir(), 'before');
  const after = join(dir(), 'after');
  fs.cpSync(site.dir, before, { recursive: true });
  await site.build('1.1.0');
  fs.cpSync(site.dir, after, { recursive: true });
  const become = (from: string): void => {
    fs.rmSync(site.dir, { recursive: true });
    fs.cpSync(from, site.dir, { recursive: true });
  };
  return {
    site,
    startOver: () => {
      become(before);
    },
    build: () => {
      become(after);
    },
  };
}

/** What is wrong for devices on stable, if anything: a manifest without its bundle, or none at all when there was one. */
function wrongAt(server: GiteaServer, after: string): string[] {
  const list = parseGiteaReleases(Buffer.from(JSON.stringify(server.releases.map((release) => releaseJson(release, server.url)))), 'x');
  const bytesOf = (path: string): Buffer | null => {
    const found = findFile(list, path, 'stable');
    return 'missing' in found ? null : (server.find(found.release.tag_name, found.asset)?.asset.bytes ?? null);
  };
  const manifest = bytesOf('manifest.json');
  if (manifest === null) return list.some(({ draft }) => !draft) ? ['no manifest'] : [];
  const name = bundleName(parseManifest(manifest));
  const bundle = bytesOf(`bundles/${name}`);
  return bundle?.equals(fs.readFileSync(join(after, 'bundles', name))) === true ? [] : [`manifest names ${name}, which is not there`];
}

/** Runs `act` at each request of a publication to Gitea in turn, and puts things in order afterwards. Returns how many there were. */
async function atEachRequest(
  scenery: Awaited<ReturnType<typeof scene>>,
  act: (to: string) => Promise<unknown>,
): Promise<{ requests: number; bad: string[] }> {
  const { site, startOver } = scenery;
  const bad: string[] = [];
  for (let n = 1; ; n += 1) {
    startOver();
    const server = await giteaServer();
    onTestFinished(server.close);
    const to = `gitea:${server.url}`;
    let left = n;
    const acts: Promise<unknown>[] = [];
    server.afterEach(() => {
      bad.push(...wrongAt(server, join(dir(), 'after')).map((what) => `request ${String(n)}: ${what}`));
      left -= 1;
      if (left === 0) acts.push(act(to));
    });
    // The second one may be told so; in either order, nothing is half.
    await publish(site.dir, to).catch(() => undefined);
    const isOver = left > 0;
    left = Infinity;
    await Promise.all(acts);
    await publish(site.dir, to);
    expect((await publish(site.dir, to)).done).toEqual([]);
    await server.close();
    if (isOver) return { requests: n - 1, bad };
  }
}

describe('to Gitea', () => {
  it('while a release is built, at any request: what was there when it began is published', async () => {
    const scenery = await scene();
    const { requests, bad } = await atEachRequest(scenery, () => {
      scenery.build();
      return Promise.resolve();
    });
    expect(bad).toEqual([]);
    expect(requests).toBeGreaterThanOrEqual(7);
  });

  it('while another one publishes, begun at any request: one of them may have to try again', async () => {
    const scenery = await scene();
    const { requests, bad } = await atEachRequest(scenery, (to) => publish(scenery.site.dir, to).catch(() => undefined));
    expect(bad).toEqual([]);
    expect(requests).toBeGreaterThanOrEqual(7);
  });
});

describe('to a folder', () => {
  it('while a release is built, at any file: no manifest without its bundle', async () => {
    const { site, startOver, build } = await scene();
    const to = join(dir(), 'to');
    for (let n = 1; ; n += 1) {
      startOver();
      fs.rmSync(to, { recursive: true, force: true });
      let left = n;
      await publish(site.dir, to, () => {
        left -= 1;
        if (left === 0) build();
      });
      const { problems } = await verifySite(to);
      // Single files are known by their hash; a device that misses one takes the bundle.
      expect(problems.filter((problem) => !problem.startsWith('files/'))).toEqual([]);
      await publish(site.dir, to);
      expect((await verifySite(to)).problems).toEqual([]);
      if (left > 0) {
        expect(n - 1).toBeGreaterThanOrEqual(7);
        return;
      }
    }
  });

  it('while another one publishes: the second one waits, or is told to', async () => {
    const { site } = await scene();
    const to = join(dir(), 'to');
    fs.mkdirSync(to);
    fs.mkdirSync(join(dir(), 'bin'));
    const path = process.env['PATH'] ?? '';
    const flock = (script: string): void => {
      fs.writeFileSync(join(dir(), 'bin/flock'), `#!/bin/sh\n[ "$(readlink /proc/self/fd/3)" = '${to}' ] || exec /usr/bin/flock "$@"\n${script}\n`, {
        mode: 0o755,
      });
    };
    process.env['PATH'] = `${join(dir(), 'bin')}:${path}`;
    onTestFinished(() => {
      process.env['PATH'] = path;
    });
    flock('exit 75');
    await expect(publish(site.dir, to)).rejects.toMatchObject({ code: 'BUSY', message: `another process is changing the site '${to}'` });
    expect(fs.readdirSync(to)).toEqual([]);
    // A file system that has no locks, as NFS may be.
    flock('echo "flock: 3: Bad file descriptor" >&2; exit 71');
    await publish(site.dir, to);
    expect((await verifySite(to)).problems).toEqual([]);
  });
});
