/** The releases of a repository, page by page, with limits: a list is input. */
import { UpdateError } from '../../core/errors.ts';
import type { GiteaRelease } from '../../core/network/gitea.ts';
import { RELEASES_MAX_BYTES, parseGiteaReleases } from '../../core/network/gitea.ts';
import type { Repository } from '../../core/network/gitea-address.ts';
import { hasNextPage, releasesUrl } from '../../core/network/gitea-address.ts';
import { getDocument } from '../http/document.ts';
import type { AnswerHead } from '../http/request.ts';
import type { Wire } from '../http/wire.ts';

/** A thousand releases, where the server gives fifty at a time. */
const MAX_PAGES = 20;

export interface ListRequest {
  repository: Repository;
  headers: Readonly<Record<string, string>>;
  /** Who asks, if it is not stable. */
  branch: string | null;
  userAgent: string;
  timeoutMs: number;
  signal: AbortSignal;
  wire?: Wire;
  /** What an answer means for the caller; null for one that is fine, or that means what it always means. */
  failure: (answer: AnswerHead) => UpdateError | null;
}

/** Every release that the server shows. Throws RESPONSE_TOO_LARGE after twenty pages, HTTP_PROTOCOL, status and network codes. */
export async function listReleases(request: ListRequest): Promise<GiteaRelease[]> {
  const { repository } = request;
  const all: GiteaRelease[] = [];
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const { releases, link, total } = await requestPage(request, page);
    all.push(...releases);
    if (!hasNextPage(repository, { link, total, count: releases.length, seen: all.length })) return all;
  }
  throw new UpdateError(
    'RESPONSE_TOO_LARGE',
    `'${repository.name}' has more than ${String(MAX_PAGES)} pages of releases (${String(all.length)} so far)`,
    {
      hint: 'ask the publisher of the releases to delete old ones',
      subject: repository.api.origin,
    },
  );
}

async function requestPage(request: ListRequest, page: number): Promise<{ releases: GiteaRelease[]; link: string | null; total: string | null }> {
  const { repository, branch, failure, ...rest } = request;
  const what = 'the list of releases';
  let head: AnswerHead | null = null;
  const answer = await getDocument(releasesUrl(repository, page, branch), {
    ...rest,
    what,
    maxBytes: RELEASES_MAX_BYTES,
    validators: null,
    inspect: (seen) => {
      const failed = failure(seen);
      if (failed !== null) throw failed;
      head = seen;
    },
  });
  const bytes = answer.is === 'new' ? answer.bytes : Buffer.alloc(0);
  const header = (name: string): string | null => head?.header(name) ?? null;
  return { releases: parseGiteaReleases(bytes, `${what} at '${repository.name}'`), link: header('link'), total: header('x-total-count') };
}
