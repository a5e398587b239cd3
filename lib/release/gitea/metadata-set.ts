/** The signed metadata of a site as it is published: every file that a device can be led to, and no others. */
import fs from 'node:fs';
import { basename, join } from 'node:path';
import { UpdateError } from '../../core/errors.ts';
import type { MetadataVersions, RootFacts } from '../../core/trust/metadata-facts.ts';
import { rootFacts, snapshotFacts, targetsFacts, timestampFacts } from '../../core/trust/metadata-facts.ts';
import { METADATA_FOLDER, gzipCopyPath, metadataPath, targetCopyPath } from '../../core/trust/metadata-layout.ts';
import { hashFile, lstatOrNull } from '../../transaction/files/durable.ts';
import { readIfThere } from '../site/site.ts';

/** A file by the name of its asset. */
export interface MetadataAsset {
  name: string;
  path: string;
  size: number;
}

export interface MetadataSet {
  /** The folder with `tuf/`. */
  dir: string;
  versions: MetadataVersions;
  facts: RootFacts;
  /** Documents under their digest. */
  copies: readonly MetadataAsset[];
  /** What has a number in its name but roots: each after all that it names. */
  numbered: readonly MetadataAsset[];
  /** Every root, from the first. */
  roots: readonly MetadataAsset[];
  /** The two that are replaced. */
  timestamp: MetadataAsset;
  root: MetadataAsset;
}

/** Reads the metadata in `dir`, null when it has none. Throws SITE_INVALID when something that is named is not there, METADATA_INVALID. */
export function readMetadataSet(dir: string): MetadataSet | null {
  if (lstatOrNull(join(dir, METADATA_FOLDER)) === null) return null;
  const root = metadataFile(dir, 'root.json');
  const facts = rootFacts(bytesOf(root), metadataPath(root.name));
  const timestamp = metadataFile(dir, 'timestamp.json');
  const { version, snapshot } = timestampFacts(bytesOf(timestamp), metadataPath(timestamp.name));
  const snapshotFile = metadataFile(dir, `${String(snapshot)}.snapshot.json`);
  const { roles } = snapshotFacts(bytesOf(snapshotFile), metadataPath(snapshotFile.name));
  const roleFiles = [...roles]
    .toSorted(([a], [b]) => Number(a === 'targets') - Number(b === 'targets'))
    .map(([role, at]) => metadataFile(dir, `${String(at)}.${role}.json`));
  const documents = roleFiles.flatMap((file) => [...targetsFacts(bytesOf(file), metadataPath(file.name)).documents]);
  return {
    dir,
    versions: { root: facts.version, timestamp: version, snapshot, roles },
    facts,
    copies: documents.flatMap(([path, sha256]) => [copyOf(dir, path, sha256), ...gzipCopyOf(dir, path, sha256)]),
    numbered: [...roleFiles, snapshotFile],
    roots: Array.from({ length: facts.version }, (_, index) => metadataFile(dir, `${String(index + 1)}.root.json`)),
    timestamp,
    root,
  };
}

/** Name of the asset that is the copy of a document. */
export function copyName(path: string, sha256: string): string {
  return basename(targetCopyPath(path, sha256));
}

function metadataFile(dir: string, name: string): MetadataAsset {
  const path = join(dir, metadataPath(name));
  const stat = lstatOrNull(path);
  if (stat?.isFile() === true) return { name, path, size: stat.size };
  throw missing(metadataPath(name));
}

/** The copy, or the document itself: the digest decides. */
function copyOf(dir: string, path: string, sha256: string): MetadataAsset {
  const name = copyName(path, sha256);
  for (const found of [join(dir, targetCopyPath(path, sha256)), join(dir, path)]) {
    if (lstatOrNull(found)?.isFile() === true && hashFile(found) === sha256) return { name, path: found, size: fs.statSync(found).size };
  }
  throw missing(targetCopyPath(path, sha256));
}

/** The copy in gzip, where there is one. */
function gzipCopyOf(dir: string, path: string, sha256: string): MetadataAsset[] {
  const file = join(dir, gzipCopyPath(path, sha256));
  const stat = lstatOrNull(file);
  return stat?.isFile() === true ? [{ name: basename(file), path: file, size: stat.size }] : [];
}

function bytesOf({ path }: MetadataAsset): Buffer {
  return readIfThere(path) ?? Buffer.alloc(0);
}

function missing(path: string): UpdateError {
  return new UpdateError('SITE_INVALID', `'${path}' is named by the signed metadata of the site, and is not there`, {
    hint: 'see everything that is wrong with: pikit-release verify',
  });
}
