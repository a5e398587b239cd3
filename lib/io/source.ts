/** What every kind of source is to the steps: something that knows where a file of the static layout can be had. */
import { fileURLToPath } from 'node:url';
import { STABLE } from '../core/branches.ts';
import type { Config } from '../core/config.ts';
import { urlPath } from '../core/site-layout.ts';
import type { GiteaAccess } from './gitea-source.ts';
import { giteaSource } from './gitea-source.ts';

/** An address, and what has to go along with a request to it, and to nobody else. */
export interface Located {
  url: URL;
  headers: Readonly<Record<string, string>>;
}

export interface Source {
  /** For people: where it is. */
  readonly name: string;
  /** How often trying again can help: a folder that is not there now is not there in a second either. */
  readonly mostRetries: number;
  /**
   * Where a file of the static layout (`manifest_beta.json`, `bundles/…`) is. Throws NOT_FOUND when the source has no such
   * file, and network and status codes where it has to ask for that.
   */
  locate: (path: string, request: LocateRequest) => Promise<Located>;
  /** The versions of which the branch has the manifest; null where a file of the static layout says that. Throws as locate does. */
  versions: (request: LocateRequest) => Promise<string[] | null>;
}

export interface LocateRequest {
  /** The branch that it is for. */
  branch: string;
  /** For messages: 'the manifest'. */
  what: string;
  signal: AbortSignal;
}

export type OpenSource = (config: Config) => Source;

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
    locate: (path, { branch }) => {
      const url = new URL(urlPath(path), root);
      // Who asks for the list (OBS RFC 48): a server that does not care ignores it, and a folder has no use for it.
      if (path === 'branches.json' && branch !== STABLE && !isFolder) url.searchParams.set('branch', branch);
      return Promise.resolve({ url, headers: {} });
    },
    versions: () => Promise.resolve(null),
  };
}
