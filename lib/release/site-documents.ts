/**
 * The documents of a site as they are at one moment. Publishing takes minutes, and somebody may build meanwhile: a manifest that
 * is read at its end would name a bundle that was not there at its beginning. Bundles never change, so the documents are enough.
 */
import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { releasesBranch } from '../core/site-layout.ts';
import { copyList } from './published-list.ts';
import type { Published, Site } from './site.ts';
import { manifestFiles, publishedReleases } from './site.ts';
import { withLockIfAny } from './site-lock.ts';

export interface Documents {
  /** A folder with branches.json, its record, every manifest that is offered, and the lists of releases. */
  dir: string;
  /** What these manifests say. */
  releases: Published[];
}

/** Runs `use` with the documents of now; the folder is gone afterwards. Throws BUSY, and SITE_INVALID when one cannot be read. */
export async function withDocuments<T>(site: Site, use: (documents: Documents) => Promise<T>): Promise<T> {
  const dir = fs.mkdtempSync(join(os.tmpdir(), 'pikit-release-'));
  try {
    const releases = withLockIfAny(site.dir, () => {
      copyList(site.dir, dir);
      const lists = fs.readdirSync(site.dir).filter((name) => releasesBranch(name) !== null);
      for (const name of [...manifestFiles(site.dir).map((one) => one.name), ...lists]) fs.copyFileSync(join(site.dir, name), join(dir, name));
      return publishedReleases(site);
    });
    return await use({ dir, releases });
  } finally {
    fs.rmSync(dir, { recursive: true });
  }
}
