/**
 * The documents of a site as they are at one moment. Publishing takes minutes, and another process may build meanwhile: a manifest that
 * is read at its end would name a bundle that was not there at its beginning. Bundles never change, so the documents are enough.
 */
import fs from 'node:fs';
import os from 'node:os';
import { dirname, join } from 'node:path';
import { releasesBranch } from '../../core/release/site-layout.ts';
import { copyList } from '../publish/published-list.ts';
import type { BranchManifest, Site } from './site.ts';
import { isSigned, manifestFiles, publishedReleases } from './site.ts';
import { metadataFiles } from '../trust/metadata-files.ts';
import { withLockIfAny } from './site-lock.ts';

export interface Documents {
  /** A folder with branches.json, its record, every manifest that is offered, the lists of releases, and the signed metadata. */
  dir: string;
  /** What these manifests say. */
  releases: BranchManifest[];
}

/** Runs `use` with the documents of now; the folder is gone afterwards. Throws BUSY, and SITE_INVALID when one cannot be read. */
export async function withDocuments<T>(site: Site, use: (documents: Documents) => Promise<T>): Promise<T> {
  const dir = fs.mkdtempSync(join(os.tmpdir(), 'pikit-release-'));
  try {
    const releases = withLockIfAny(site.dir, () => {
      copyList(site.dir, dir);
      const lists = fs.readdirSync(site.dir).filter((name) => releasesBranch(name) !== null);
      const metadata = isSigned(site.dir) ? metadataFiles(site.dir).map(({ path }) => path) : [];
      for (const name of [...manifestFiles(site.dir).map((one) => one.name), ...lists, ...metadata]) {
        fs.mkdirSync(dirname(join(dir, name)), { recursive: true });
        fs.copyFileSync(join(site.dir, name), join(dir, name));
      }
      return publishedReleases(site);
    });
    return await use({ dir, releases });
  } finally {
    fs.rmSync(dir, { recursive: true });
  }
}
