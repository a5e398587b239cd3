/** Checks the signed metadata of a site: chain, signatures, digests of documents and of their copies, and how long it counts. */
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { UpdateError, mismatch } from '../../core/errors.ts';
import { counted } from '../../core/quantities.ts';
import { sha256Of } from '../../core/digest.ts';
import { branchRole, gzipCopyPath, metadataPath, targetCopyPath } from '../../core/trust/metadata-layout.ts';
import { lstatOrNull } from '../../transaction/files/durable.ts';
import { readSignedSite } from '../trust/read-signed-site.ts';
import type { Dated, SignedSite } from '../trust/signed-site.ts';
import { newestRoot } from '../trust/signed-site.ts';
import { allDocuments, unsignedDocuments } from '../trust/signing.ts';
import { readIfThere } from '../site/site.ts';

/** So long before a date it is told. */
const WARN_DAYS = 30;
const DAY_MS = 86_400_000;

export interface TrustReport {
  problems: string[];
  notices: string[];
  /** Until when each role counts, by its file name without version; empty when it cannot be read. */
  until: { role: string; expires: Date }[];
}

/** `trusted`: the root that devices trust, or null for the first one of the site. Throws nothing that is wrong with the site. */
export function trustProblems(dir: string, { at, trusted }: { at: Date; trusted: Buffer | null }): TrustReport {
  let site: SignedSite;
  try {
    site = readSignedSite(dir, trusted);
  } catch (error) {
    if (!(error instanceof UpdateError)) throw error;
    return { problems: [`tuf/: ${error.message}`], notices: [], until: [] };
  }
  const dates = datesOf(site);
  return {
    problems: [
      ...rootProblems(dir, site),
      ...[...site.unsound].map(
        (role) => `tuf/: '${role}' is signed by keys that were exchanged since: finish with pikit-release refresh --site ${dir}`,
      ),
      ...dates
        .filter(({ expires }) => expires <= at)
        .map(
          ({ role, expires }) => `tuf/: '${role}' was valid until ${expires.toISOString()}: sign it again with pikit-release refresh --site ${dir}`,
        ),
      ...unsignedDocuments(dir, site).map(
        (name) => `${name}: it is not as it is signed (look at it, and sign it with: pikit-release sign --site ${dir})`,
      ),
      ...copyProblems(dir, site),
    ],
    notices: dates
      .filter(({ expires }) => expires > at && expires.getTime() - at.getTime() < WARN_DAYS * DAY_MS)
      .map((one) => soonNotice(dir, at, one)),
    until: dates,
  };
}

function datesOf(site: SignedSite): TrustReport['until'] {
  const of = (role: string, { expires }: Dated): TrustReport['until'][number] => ({ role, expires });
  return [
    of('root', newestRoot(site)),
    of('targets', site.targets),
    ...[...site.branches].map(([branch, dated]) => of(branchRole(branch), dated)),
    of('snapshot', site.snapshot),
    of('timestamp', site.timestamp),
  ];
}

function soonNotice(dir: string, at: Date, { role, expires }: { role: string; expires: Date }): string {
  const days = Math.floor((expires.getTime() - at.getTime()) / DAY_MS);
  return `'${role}' is valid until ${expires.toISOString()}, for ${counted(days, 'day')}: then devices install nothing more; renew it with: pikit-release refresh --site ${dir}`;
}

function rootProblems(dir: string, site: SignedSite): string[] {
  const path = metadataPath('root.json');
  const newest = readIfThere(join(dir, path));
  if (newest === null) return [`${path}: it is missing`];
  const { version, bytes } = newestRoot(site);
  return newest.equals(bytes)
    ? []
    : [`${path}: it is not the newest root (version ${String(version)}): finish with pikit-release refresh --site ${dir}`];
}

function copyProblems(dir: string, site: SignedSite): string[] {
  return [...allDocuments(site)].flatMap(([name, { sha256, length, isGzipped }]) => {
    const plain = copyProblem(dir, targetCopyPath(name, sha256), sha256, (bytes) => bytes);
    const gzip = isGzipped ? copyProblem(dir, gzipCopyPath(name, sha256), sha256, (bytes) => gunzipped(bytes, length)) : null;
    return [plain, gzip].filter((problem) => problem !== null);
  });
}

function copyProblem(dir: string, path: string, sha256: string, content: (bytes: Buffer) => Buffer | null): string | null {
  if (lstatOrNull(join(dir, path))?.isFile() !== true) return `${path}: it is missing`;
  const bytes = content(readIfThere(join(dir, path)) ?? Buffer.alloc(0));
  if (bytes === null) return `${path}: it is not the gzip of the document`;
  const actual = sha256Of(bytes);
  return actual === sha256 ? null : `${path}: ${mismatch('sha256', sha256, actual)}`;
}

/** Null for what cannot be decoded, or is longer than the document. */
function gunzipped(bytes: Buffer, length: number): Buffer | null {
  try {
    return gunzipSync(bytes, { maxOutputLength: Math.max(1, length) });
  } catch {
    // Whatever is wrong with it, devices get the plain copy; the problem is reported here.
    return null;
  }
}
