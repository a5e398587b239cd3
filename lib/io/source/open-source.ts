/** Opens the source that is configured: a site on any web server or in a folder, or releases of a Gitea repository. */
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UpdateError } from '../../core/errors.ts';
import { STABLE } from '../../core/release/branches.ts';
import { urlPath } from '../../core/release/site-layout.ts';
import type { GiteaAccess } from './gitea-source.ts';
import { giteaSource } from './gitea-source.ts';
import type { OpenSource, Source } from './source.ts';

/** A function that opens the source that is configured: the same one each time, for as long as that does not change. */
export function sourceOpener(access: GiteaAccess): OpenSource {
  let open: { id: string; source: Source } | null = null;
  return (config) => {
    const { type, url } = config.source;
    const id = JSON.stringify(config.source);
    if (open?.id !== id) open = { id, source: type === 'gitea' ? giteaSource(config, access) : siteSource(url) };
    return open.source;
  };
}

/** A site on any web server, or in a folder of this device: each file at its place below one address. */
function siteSource(base: string): Source {
  // A missing slash at its end is not a reason to lose its last folder.
  const root = new URL(base.endsWith('/') ? base : `${base}/`);
  const isFolder = root.protocol === 'file:';
  return {
    name: isFolder ? fileURLToPath(root) : root.host,
    mostRetries: isFolder ? 0 : Infinity,
    locate: (path, { branch, what }) => {
      const url = new URL(urlPath(path), root);
      // Who asks for the list (OBS RFC 48): a server that does not care ignores it, and a folder has no use for it.
      if (path === 'branches.json' && branch !== STABLE && !isFolder) url.searchParams.set('branch', branch);
      return isFolder && isBesideSite(root, url) ? Promise.reject(notOnStick(url, what)) : Promise.resolve({ url, headers: {} });
    },
    versions: () => Promise.resolve(null),
  };
}

/** Whether the site is there, and the folder of the file in it is not: the stick is plugged in, and has no such file. */
function isBesideSite(root: URL, url: URL): boolean {
  const folder = new URL('.', url);
  if (folder.href === root.href || fs.existsSync(folder)) return false;
  try {
    return fs.readdirSync(root).length > 0;
  } catch {
    // Safe to ignore: the read that follows says what is wrong with the stick.
    return false;
  }
}

function notOnStick(url: URL, what: string): UpdateError {
  const path = fileURLToPath(url);
  return new UpdateError('NOT_FOUND', `${what} is not at '${path}'`, {
    hint: 'check source.url in /etc/pikit/update.toml; if it is right, the site was not copied there completely',
    subject: path,
  });
}
