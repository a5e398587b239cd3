import type fs from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { UpdateError, mismatch } from '../../core/errors.ts';
import type { Manifest } from '../../core/release/manifest.ts';
import { parseManifest, sameRelease } from '../../core/release/manifest.ts';
import { inspectBundle, readBundleManifest } from '../../io/bundle/archive.ts';
import { hashFile, lstatOrNull } from '../../transaction/files/durable.ts';

/** A site is checked by its owner: its bundles are as large as they are. */
const limits = { unpackedBytes: Number.MAX_SAFE_INTEGER };

export interface BundleCheck {
  bundle: string;
  signal?: AbortSignal | undefined;
}

/** Everything in which a bundle differs from the manifest that names it, one sentence each. Throws only CANCELLED. */
export async function bundleProblems(check: BundleCheck, manifest: Manifest): Promise<string[]> {
  const stat = lstatOrNull(check.bundle);
  if (stat === null) return ['it is missing'];
  if (!stat.isFile()) return ['it is not a plain file'];
  const problems = [...frameProblems(check.bundle, stat, manifest)];
  return await collect(problems, async () => {
    const { manifestBytes, problems: found } = await inspectBundle({ ...check, files: manifest.files, limits });
    problems.push(...found.map(({ message }) => message));
    if (manifestBytes === null) problems.push('it has no manifest.json');
    else problems.push(...innerProblems(parseManifest(manifestBytes, 'the manifest inside'), manifest));
  });
}

/** Everything that is wrong with a bundle that no manifest names any more, checked against the manifest inside it. */
export async function archivedBundleProblems(check: BundleCheck, version: string): Promise<string[]> {
  const problems: string[] = [];
  return await collect(problems, async () => {
    const manifest = parseManifest(await readBundleManifest({ ...check, limits }), 'the manifest inside');
    if (manifest.version !== version) problems.push(mismatch('version of the manifest inside', version, manifest.version));
    const { problems: found } = await inspectBundle({ ...check, files: manifest.files, limits });
    problems.push(...found.map(({ message }) => message));
  });
}

function frameProblems(bundle: string, stat: fs.Stats, { bundle: expected }: Manifest): string[] {
  const problems: string[] = [];
  if (expected?.size === undefined) problems.push('its manifest does not say how long it is');
  else if (expected.size !== stat.size) problems.push(mismatch('size', expected.size, stat.size));
  if (expected?.sha256 === undefined) return [...problems, 'its manifest does not have its sha256'];
  const actual = hashFile(bundle);
  if (expected.sha256 !== actual) problems.push(mismatch('sha256', expected.sha256, actual));
  return problems;
}

function innerProblems(inner: Manifest, outer: Manifest): string[] {
  const problems = sameRelease(inner, outer) ? [] : ['the manifest inside describes another release than the published one'];
  for (const key of ['changelog', 'notes', 'requires'] as const) {
    if (!isDeepStrictEqual(inner[key], outer[key])) problems.push(`'${key}' differs between the manifest inside and the published one`);
  }
  return problems;
}

async function collect(problems: string[], work: () => Promise<void>): Promise<string[]> {
  try {
    await work();
  } catch (error) {
    if (error instanceof UpdateError && error.code === 'CANCELLED') throw error;
    problems.push(error instanceof Error ? error.message : String(error));
  }
  return problems;
}
