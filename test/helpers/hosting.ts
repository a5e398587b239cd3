/** A site behind the kinds of servers that people use: the same bytes, other headers. */
import fs from 'node:fs';
import { join } from 'node:path';
import { sha256 } from './archive-builder.ts';
import type { Answer, ReleaseServer } from './release-server.ts';

export interface Hosting {
  etag?: 'strong' | 'weak';
  lastModified?: boolean;
  ranges?: boolean;
  chunked?: boolean;
  /** Bundles are somewhere else. */
  cdn?: ReleaseServer;
}

const MODIFIED = 'Fri, 20 Nov 2026 10:00:00 GMT';

/** Puts every file of a site on a server, as it is now; anything else is 404. */
export function host(server: ReleaseServer, site: string, hosting: Hosting): void {
  for (const entry of fs.readdirSync(site, { recursive: true, encoding: 'utf8' })) {
    if (!fs.statSync(join(site, entry)).isFile()) continue;
    const answer = answerOf(fs.readFileSync(join(site, entry)), hosting);
    const { cdn } = hosting;
    if (cdn === undefined || !entry.startsWith('bundles/')) {
      server.at(`/${entry}`, answer);
      if (entry === 'branches.json') server.at('/branches.json?branch=beta', answer);
      continue;
    }
    server.at(`/${entry}`, { status: 302, headers: { location: cdn.url(`/signed/${entry}?x=1`).href } });
    cdn.at(`/signed/${entry}?x=1`, answer);
  }
}

export function answerOf(body: Buffer, { etag, lastModified, ranges, chunked }: Hosting): Answer {
  const tag = `"${sha256(body).slice(0, 16)}"`;
  return {
    body,
    ranges: ranges === true ? 'yes' : 'no',
    ...(etag === undefined ? {} : { etag: etag === 'weak' ? `W/${tag}` : tag }),
    ...(lastModified === true ? { lastModified: MODIFIED } : {}),
    ...(chunked === true ? { chunked } : {}),
  };
}
