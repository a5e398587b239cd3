/** Writing releases to Gitea or Forgejo through API v1. One method is one request, and each is safe to be the last one. */
import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import type * as z from 'zod';
import { UpdateError, mismatch } from '../../core/errors.ts';
import type { GiteaAsset, GiteaRelease } from '../../core/network/gitea.ts';
import { GiteaAsset as GiteaAssetSchema, GiteaRelease as GiteaReleaseSchema } from '../../core/network/gitea.ts';
import type { Repository } from '../../core/network/gitea-address.ts';
import { assetUrl, authorization } from '../../core/network/gitea-address.ts';
import { writeError } from '../../core/network/gitea-write-errors.ts';
import { parseDocument } from '../../core/json.ts';
import { getDocument } from '../http/document.ts';
import { listReleases } from './gitea-list.ts';
import type { SentBody } from '../http/upload.ts';
import { send } from '../http/upload.ts';

const TIMEOUT_MS = 60_000;
const DOWNLOAD_MS = 24 * 3_600_000;
const MAX_ANSWER_BYTES = 1024 * 1024;
const USER_AGENT = 'pikit-release';

export interface NewRelease {
  tag: string;
  name: string;
  body: string;
  prerelease: boolean;
}

export interface GiteaClient {
  repository: Repository;
  /** Every release, drafts included. */
  list: () => Promise<GiteaRelease[]>;
  /** Makes a draft, which other users do not see. */
  create: (release: NewRelease) => Promise<GiteaRelease>;
  /** Makes a release public, as a release or as a pre-release. */
  show: (release: GiteaRelease, prerelease: boolean) => Promise<void>;
  /** What people see of a release. */
  describe: (release: GiteaRelease, text: Omit<NewRelease, 'tag'>) => Promise<void>;
  /** Adds an asset, whether or not there is one of that name. */
  upload: (release: GiteaRelease, name: string, path: string) => Promise<GiteaAsset>;
  /** Gives an asset another name, whether or not there is one of that name. */
  rename: (release: GiteaRelease, asset: { id: number; name: string }, name: string) => Promise<void>;
  remove: (release: GiteaRelease, asset: { id: number; name: string }) => Promise<void>;
  /** A small asset; null when it cannot be had, as from a draft on some servers. */
  read: (release: GiteaRelease, name: string, maxBytes: number) => Promise<Buffer | null>;
  /** Whether a large asset has these bytes: it is downloaded for that, and thrown away. */
  holds: (release: GiteaRelease, asset: { name: string; size: number }, sha256: string) => Promise<boolean>;
}

export interface ClientAccess {
  token: string;
  signal: AbortSignal;
}

/** A client for one repository. Its methods throw status and network codes that say what was tried, and never the token. */
export function giteaClient(repository: Repository, { token, signal }: ClientAccess): GiteaClient {
  const headers = authorization(repository, token);
  const quiet = (text: string): string => text.replaceAll(token, '***');

  async function write(method: 'POST' | 'PATCH' | 'DELETE', path: string, doing: string, body: SentBody | null): Promise<Buffer> {
    const url = new URL(`releases${path}`, repository.api);
    const sent = await send(url, { method, headers: { ...headers, accept: 'application/json', 'user-agent': USER_AGENT }, body, signal });
    const message = messageOf(sent.body);
    const failure = writeError(sent, { repository, doing, message: message === null ? null : quiet(message), nowMs: Date.now() });
    if (failure !== null) throw failure;
    return sent.body;
  }
  const json = (value: object): SentBody => ({ bytes: Buffer.from(JSON.stringify(value)), type: 'application/json' });
  const parse = <T>(bytes: Buffer, schema: z.ZodType<T>): T =>
    parseDocument(bytes, schema, { what: `the answer of '${repository.name}'`, maxBytes: MAX_ANSWER_BYTES, code: 'HTTP_PROTOCOL' });

  return {
    repository,
    list: async () => {
      const doing = 'reading the list of releases';
      return await listReleases({
        repository,
        headers,
        branch: null,
        userAgent: USER_AGENT,
        timeoutMs: TIMEOUT_MS,
        signal,
        failure: (answer) => writeError(answer, { repository, doing, message: null, nowMs: Date.now() }),
      });
    },
    create: async ({ tag, name, body, prerelease }) => {
      const fields = { tag_name: tag, name, body, draft: true, prerelease };
      return parse(await write('POST', '', `creating the release ${tag}`, json(fields)), GiteaReleaseSchema);
    },
    show: async ({ id, tag_name: tag }, prerelease) => {
      await write('PATCH', `/${String(id)}`, `publishing the release ${tag}`, json({ draft: false, prerelease }));
    },
    describe: async ({ id, tag_name: tag }, { name, body, prerelease }) => {
      await write('PATCH', `/${String(id)}`, `describing the release ${tag}`, json({ name, body, prerelease }));
    },
    upload: async ({ id, tag_name: tag }, name, path) => {
      const { size } = fs.statSync(path);
      const doing = `uploading '${name}' to ${tag}`;
      const body = { path, size, field: 'attachment', name };
      const answer = await write('POST', `/${String(id)}/assets?name=${encodeURIComponent(name)}`, doing, body);
      const asset = parse(answer, GiteaAssetSchema);
      if (asset.size === size) return asset;
      throw new UpdateError('SIZE_MISMATCH', `${doing}: ${mismatch('size in bytes', size, asset.size)}`, {
        hint: 'run it again: it will be replaced',
      });
    },
    rename: async ({ id, tag_name: tag }, asset, name) => {
      const doing = `naming '${asset.name}' of ${tag} '${name}'`;
      await write('PATCH', `/${String(id)}/assets/${String(asset.id)}`, doing, json({ name }));
    },
    remove: async ({ id, tag_name: tag }, asset) => {
      await write('DELETE', `/${String(id)}/assets/${String(asset.id)}`, `deleting a '${asset.name}' of ${tag}`, null);
    },
    read: async ({ tag_name: tag }, name, maxBytes) => {
      const what = `'${name}' of ${tag}`;
      try {
        const validators = null;
        const request = { what, maxBytes, timeoutMs: TIMEOUT_MS, signal, headers, validators, userAgent: USER_AGENT };
        const answer = await getDocument(assetUrl(repository, tag, name), request);
        return answer.is === 'new' ? answer.bytes : null;
      } catch (error) {
        // Safe to ignore: what cannot be read is uploaded again.
        if (error instanceof UpdateError && (error.code === 'NOT_FOUND' || error.code === 'RESPONSE_TOO_LARGE')) return null;
        throw error;
      }
    },
    holds: async ({ tag_name: tag }, { name, size }, sha256) => {
      const { download } = await import('../http/download.ts');
      const dir = fs.mkdtempSync(join(os.tmpdir(), 'pikit-release-'));
      try {
        const limits = { sizeBytes: size, sha256, maxBytes: size, deadlineMs: DOWNLOAD_MS, minRate: 1024, maxRate: 0 };
        const request = {
          what: `'${name}' of ${tag}`,
          file: join(dir, 'asset'),
          signal,
          headers,
          userAgent: USER_AGENT,
          onProgress: () => undefined,
        };
        await download(assetUrl(repository, tag, name), { ...request, ...limits });
        return true;
      } catch (error) {
        if (error instanceof UpdateError && ['NOT_FOUND', 'SIZE_MISMATCH', 'DIGEST_MISMATCH'].includes(error.code)) return false;
        throw error;
      } finally {
        fs.rmSync(dir, { recursive: true });
      }
    },
  };
}

/** What a server says about a refusal, if it says it in its own way. */
function messageOf(body: Buffer): string | null {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string' ? value.message : null;
  } catch {
    // Safe to ignore: the status says enough.
    return null;
  }
}
