/**
 * releases.json, releases_<branch>.json: the releases that a branch has had, the newest first, each with what a device needs to
 * know before it asks for its manifest. Only devices that the newest release does not take read it.
 */
import * as z from 'zod';
import { UpdateError } from '../errors.ts';
import { parseDocument } from '../json.ts';
import { keptManifestOf } from './site-layout.ts';
import { isVersion } from './version.ts';

export const RELEASE_LIST_MAX_BYTES = 1024 * 1024;
/** An entry has about 350 bytes. */
export const RELEASE_LIST_KEEPS = 1000;

const Version = z.string().refine(isVersion, { error: 'must be a semantic version such as 1.5.0' });

export const ListedRelease = z.object({
  version: Version,
  sequence: z.int().nonnegative().optional(),
  released: z.iso.datetime({ offset: true }).optional(),
  min_version: Version.optional(),
  arch: z.array(z.string().max(32)).max(32).optional(),
  manifest: z.object({
    path: z.string().max(300),
    size: z.int().nonnegative(),
    sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits'),
  }),
});
export type ListedRelease = z.infer<typeof ListedRelease>;

/** A release that was taken back. Devices have no use for it: it is for those who publish. */
export const WithdrawnRelease = z.object({
  version: Version,
  /** Of the withdrawal; releases have the same numbers. */
  sequence: z.int().nonnegative(),
  /** Of its bundle, so that the version never gets other content. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits'),
});
export type WithdrawnRelease = z.infer<typeof WithdrawnRelease>;

const ReleaseList = z.object({
  schema: z.literal(1),
  releases: z.array(ListedRelease).max(2 * RELEASE_LIST_KEEPS),
  withdrawn: z
    .array(WithdrawnRelease)
    .max(2 * RELEASE_LIST_KEEPS)
    .default([]),
});

/**
 * Parses a list from outside. Throws MANIFEST_INVALID, naming the key, also where an entry names the manifest of another
 * branch or version than its own.
 */
export function parseReleaseList(bytes: Uint8Array, what: string, branch: string): ListedRelease[] {
  return parseReleases(bytes, what, branch).releases;
}

/** The same with what was taken back. */
export function parseReleases(bytes: Uint8Array, what: string, branch: string): { releases: ListedRelease[]; withdrawn: WithdrawnRelease[] } {
  const { releases, withdrawn } = parseDocument(bytes, ReleaseList, { what, maxBytes: RELEASE_LIST_MAX_BYTES, code: 'MANIFEST_INVALID' });
  for (const { version, manifest } of releases) {
    const named = keptManifestOf(manifest.path);
    if (named?.branch === branch && named.version === version) continue;
    throw new UpdateError(
      'MANIFEST_INVALID',
      `${what} names '${manifest.path.slice(0, 100)}' as the manifest of ${version} on the branch '${branch}'`,
    );
  }
  return { releases, withdrawn };
}

/** The list as it is published. */
export function releaseListText(releases: readonly ListedRelease[], withdrawn: readonly WithdrawnRelease[] = []): string {
  const back = withdrawn.length === 0 ? {} : { withdrawn: withdrawn.slice(0, RELEASE_LIST_KEEPS) };
  return `${JSON.stringify({ schema: 1, releases: releases.slice(0, RELEASE_LIST_KEEPS), ...back }, null, 1)}\n`;
}
