/** Checks the single files of a site against the manifests: each in its place with its bytes, and nothing else there. */
import fs from 'node:fs';
import { join } from 'node:path';
import { UpdateError, mismatch } from '../../core/errors.ts';
import type { Manifest } from '../../core/release/manifest.ts';
import { quotable } from '../../core/release/release-path.ts';
import { manifestName } from '../../core/release/site-layout.ts';
import { hashFile, lstatOrNull } from '../../transaction/files/durable.ts';
import { manifestFiles } from '../site/site.ts';
import type { SiteFile } from '../site/site-files.ts';
import { FILES_NAME, siteFiles } from '../site/site-files.ts';

/** One sentence for each problem. `manifests` are those that could be read, by file name. Throws CANCELLED after an abort. */
export function fileProblems(dir: string, manifests: ReadonlyMap<string, Manifest>, signal: AbortSignal | undefined): string[] {
  const names = new Set(manifestFiles(dir).map(({ name }) => name));
  const problems: string[] = [];
  const expected = new Map<string, SiteFile[]>();
  for (const { branch, name } of manifestFiles(dir)) {
    const manifest = manifests.get(name);
    if (manifest === undefined || name !== manifestName(branch)) continue;
    const files = siteFiles(branch, manifest.files);
    expected.set(branch, files);
    problems.push(...branchProblems(dir, branch, manifest.version, files, signal));
  }
  for (const entry of entriesIn(dir, FILES_NAME)) {
    const at = `${FILES_NAME}/${entry.name}`;
    const files = expected.get(entry.name);
    if (entry.name.startsWith('.pikit-')) continue;
    if (files !== undefined) problems.push(...strays(dir, at, new Set(files.map((file) => file.at))));
    // Of a manifest that is there, but cannot be read, no file is known.
    else if (!names.has(manifestName(entry.name)))
      problems.push(`${at}: no manifest names anything there (a branch that is gone: finish with branch remove, or delete it)`);
  }
  return problems;
}

function branchProblems(dir: string, branch: string, version: string, files: readonly SiteFile[], signal: AbortSignal | undefined): string[] {
  if (files.every((file) => lstatOrNull(join(dir, file.at)) === null)) {
    return [`${FILES_NAME}/${branch}: none of the ${String(files.length)} files of ${version} is there (the next release puts its own there)`];
  }
  return files.flatMap((file) => {
    if (signal?.aborted === true) throw new UpdateError('CANCELLED', 'cancelled while checking the files');
    const problem = problemOf(join(dir, file.at), file);
    return problem === null ? [] : [`${file.at}: ${problem}`];
  });
}

function problemOf(path: string, { size, sha256 }: SiteFile): string | null {
  const stat = lstatOrNull(path);
  if (stat === null) return 'it is missing';
  if (!stat.isFile()) return 'it is not a plain file';
  if (size !== null && stat.size !== size) return mismatch('size', size, stat.size);
  const actual = hashFile(path);
  return actual === sha256 ? null : mismatch('sha256', sha256, actual);
}

/** Everything below `at` that is neither an expected file nor on the way to one. */
function strays(dir: string, at: string, expected: ReadonlySet<string>): string[] {
  if (!fs.lstatSync(join(dir, at)).isDirectory()) return expected.has(at) ? [] : [`${quotable(at)}: the release on this branch does not have it`];
  const entries = entriesIn(dir, at);
  if (entries.length === 0) return [`${quotable(at)}: the release on this branch does not have it`];
  return entries.flatMap(({ name }) => strays(dir, `${at}/${name}`, expected));
}

function entriesIn(dir: string, at: string): fs.Dirent[] {
  if (fs.statSync(join(dir, at), { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return fs.readdirSync(join(dir, at), { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
