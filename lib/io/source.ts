/** What every kind of source is to the steps: something that knows where a file of the static layout can be had. */
import type { Config } from '../core/config.ts';

/** An address, and what has to go along with a request to it, and to nobody else. */
export interface Located {
  url: URL;
  headers: Readonly<Record<string, string>>;
}

export interface Source {
  /** For people: where it is. */
  readonly name: string;
  /**
   * Where a file of the static layout (`manifest_beta.json`, `bundles/…`) is. Throws NOT_FOUND when the source has no such
   * file, and network and status codes where it has to ask for that.
   */
  locate: (path: string, request: LocateRequest) => Promise<Located>;
}

export interface LocateRequest {
  /** The branch that it is for. */
  branch: string;
  /** For messages: 'the manifest'. */
  what: string;
  signal: AbortSignal;
}

/** A site on any web server: each file at its place below one address. */
function siteSource(base: string): Source {
  // A missing slash at its end is not a reason to lose its last folder.
  const root = new URL(base.endsWith('/') ? base : `${base}/`);
  return { name: root.host, locate: (path) => Promise.resolve({ url: new URL(path, root), headers: {} }) };
}

/** The source that is configured. */
export function openSource(config: Config): Source {
  return siteSource(config.source.url);
}
