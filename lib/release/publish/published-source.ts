/** Where a site is published, to be read: a folder, a web server, or a repository. The layout is the same everywhere. */
import fs from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { usage } from '../../core/command-line/command-table.ts';
import { UpdateError } from '../../core/errors.ts';
import { findFile, versionsOn } from '../../core/network/gitea.ts';
import type { Repository } from '../../core/network/gitea-address.ts';
import { METADATA_TAG, assetUrl, authorization, metadataAsset, repositoryAt } from '../../core/network/gitea-address.ts';
import { readError } from '../../core/network/gitea-errors.ts';
import { urlPath } from '../../core/release/site-layout.ts';
import { lstatOrNull } from '../../transaction/files/durable.ts';
import { copyFile } from './folder-copy.ts';
import { readIfThere } from '../site/site.ts';

const TIMEOUT_MS = 60_000;
const DOWNLOAD_MS = 24 * 3_600_000;
const USER_AGENT = 'pikit-release';

export interface PublishedSource {
  /** The versions that a branch has had, where that is told by something else than its list; null otherwise. */
  versions: (branch: string) => string[] | null;
  /** A document of the site, or null when it is not there. */
  read: (path: string, branch: string, maxBytes: number) => Promise<Buffer | null>;
  /** Brings a bundle to `file`, right to the last byte. */
  fetch: (path: string, branch: string, file: string, expected: { size: number; sha256: string }) => Promise<void>;
}

/** Opens what `--from` names. Throws USAGE when that cannot be a site, status and network codes. */
export async function publishedSource(from: string, token: string | null, signal: AbortSignal): Promise<PublishedSource> {
  if (from.startsWith('gitea:')) {
    const repository = repositoryAt(from.slice('gitea:'.length));
    if (repository === null)
      throw usage(`--from '${from}' does not name a repository`, 'for example: --from gitea:https://git.example.org/owner/repo');
    return await repositorySource(repository, token, signal);
  }
  if (/^https?:/i.test(from)) {
    const root = new URL(from.endsWith('/') ? from : `${from}/`);
    return { versions: () => null, ...webSource((path) => ({ url: new URL(urlPath(path), root), headers: {} }), signal) };
  }
  if (/^[a-z][a-z0-9+.-]+:/i.test(from) && !from.startsWith('file:'))
    throw usage(`--from '${from}' cannot be read`, 'give a folder, an http(s): or file: address, or gitea: and the address of a repository');
  return folderSource(from.startsWith('file:') ? fileURLToPath(from) : from);
}

function folderSource(dir: string): PublishedSource {
  if (fs.statSync(dir, { throwIfNoEntry: false })?.isDirectory() !== true) throw new UpdateError('NOT_FOUND', `'${dir}' is not a folder`);
  return {
    read: (path) => Promise.resolve(readIfThere(join(dir, path))),
    versions: () => null,
    fetch: (path, _branch, file) => {
      if (lstatOrNull(join(dir, path)) === null) throw new UpdateError('NOT_FOUND', `'${join(dir, path)}' is not there`);
      copyFile(join(dir, path), file);
      return Promise.resolve();
    },
  };
}

type Locate = (path: string, branch: string) => { url: URL; headers: Readonly<Record<string, string>> } | null;

/** Loaded when it is needed: the other commands have no use for a network. */
async function repositorySource(repository: Repository, token: string | null, signal: AbortSignal): Promise<PublishedSource> {
  const { listReleases } = await import('../../io/source/gitea-list.ts');
  const headers = authorization(repository, token);
  const releases = await listReleases({
    repository,
    headers,
    branch: null,
    userAgent: USER_AGENT,
    timeoutMs: TIMEOUT_MS,
    signal,
    failure: (answer) => readError(answer, repository, { withToken: token !== null, nowMs: Date.now() }),
  });
  const locate: Locate = (path, branch) => {
    const fixed = metadataAsset(path);
    if (fixed !== null) return { url: assetUrl(repository, METADATA_TAG, fixed), headers };
    const found = findFile(releases, path, branch);
    return 'missing' in found ? null : { url: assetUrl(repository, found.release.tag_name, found.asset), headers };
  };
  return { versions: (branch) => versionsOn(releases, branch), ...webSource(locate, signal) };
}

function webSource(locate: Locate, signal: AbortSignal): Omit<PublishedSource, 'versions'> {
  return {
    read: async (path, branch, maxBytes) => {
      const at = locate(path, branch);
      if (at === null) return null;
      const { getDocument } = await import('../../io/http/document.ts');
      try {
        const request = { what: `'${path}'`, maxBytes, timeoutMs: TIMEOUT_MS, signal, headers: at.headers, validators: null, userAgent: USER_AGENT };
        const answer = await getDocument(at.url, request);
        return answer.is === 'new' ? answer.bytes : null;
      } catch (error) {
        if (error instanceof UpdateError && error.code === 'NOT_FOUND') return null;
        throw error;
      }
    },
    fetch: async (path, branch, file, { size, sha256 }) => {
      const at = locate(path, branch);
      if (at === null) throw new UpdateError('NOT_FOUND', `'${path}' is not published`);
      const { download } = await import('../../io/http/download.ts');
      const limits = { sizeBytes: size, sha256, maxBytes: size, deadlineMs: DOWNLOAD_MS, minRate: 1024, maxRate: 0 };
      await download(at.url, { what: `'${path}'`, file, signal, headers: at.headers, userAgent: USER_AGENT, onProgress: () => undefined, ...limits });
    },
  };
}
