/** One signed site in the three places from which devices read releases: a web server, a repository on Gitea, a stick. */
import fs from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Device } from './device.ts';
import type { GiteaServer } from './gitea-server.ts';
import { giteaServer } from './gitea-server.ts';
import type { SignedSite } from './tuf-site.ts';
import { onSignedSite } from './tuf-site.ts';

export const PLACES = ['a web server', 'a repository on Gitea', 'a stick'] as const;
export type Place = (typeof PLACES)[number];

export interface HostedSite extends SignedSite {
  on: Device;
  /** Lets devices see the folder of the site as it is now, whatever is wrong with it. What is built, signed or uploaded they see at once. */
  show: () => void;
}

/** A site with these releases, and a device that reads it in this place and has installed all of them but the last. */
export async function hostedSite(place: Place, versions: readonly string[]): Promise<HostedSite> {
  const made = await onSignedSite(versions);
  if (place === 'a web server') return { ...made, show: () => undefined };
  if (place === 'a stick') {
    made.on.configure({ url: pathToFileURL(made.site).href });
    return { ...made, show: () => undefined };
  }
  const server = await giteaServer({ storage: true });
  onTestFinished(server.close);
  made.on.configure({ url: server.url, source: 'gitea' });
  const show = (): void => {
    copyToGitea(made.site, server);
  };
  show();
  return {
    ...made,
    show,
    publish: async (...release) => {
      await made.publish(...release);
      show();
    },
    sign: () => {
      made.sign();
      show();
    },
    upload: () => {
      made.upload();
      show();
    },
  };
}

/**
 * The assets of a repository as `pikit-release publish` leaves them, without its look at whether the site is in order: the metadata in
 * the release `tuf`, and a release for each bundle, of which the newest has the documents.
 */
function copyToGitea(site: string, server: GiteaServer): void {
  const read = (path: string): Buffer => fs.readFileSync(join(site, path));
  const list = (dir: string): string[] => (fs.existsSync(join(site, dir)) ? fs.readdirSync(join(site, dir)) : []);
  const filesIn = (dir: string): [string, Buffer][] =>
    list(dir)
      .filter((name) => fs.statSync(join(site, dir, name)).isFile())
      .map((name) => [name, read(join(dir, name))]);
  server.releases.length = 0;
  const bundles = filesIn('bundles').filter(([name]) => name.endsWith('.tar.gz'));
  const documents = filesIn('.').filter(([name]) => /^(?:branches|manifest|releases).*\.json$/.test(name));
  for (const [index, [name, bytes]] of bundles.entries()) {
    const isNewest = index === bundles.length - 1;
    const tag = `v${/^pikit-(.+)\.tar\.gz$/.exec(name)?.[1] ?? ''}`;
    server.add({ tag, assets: Object.fromEntries([[name, bytes], ...(isNewest ? documents : [])]) });
  }
  const metadata = [...filesIn('tuf'), ...filesIn('tuf/targets')];
  if (metadata.length > 0) server.add({ tag: 'tuf', prerelease: true, assets: Object.fromEntries(metadata) });
}
