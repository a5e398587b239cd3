/**
 * A server that answers as Gitea's API v1 does for one repository, with what is special about the real one:
 *  - `latest` goes by creation time; drafts are shown only to who may write; pages are as long as the server likes
 *  - a wrong token is 401 even where none is needed; a private repository without one is 404
 *  - two assets may have one name; the address of both leads to the older
 *  - assets may be on another host, behind a redirect to a signed address
 *  - a renamed repository answers with a redirect to its new name
 *  - a server that lets no one in without a login leads to its page for that
 * Any request can be cut off: before it is done, after that, or in the middle of an upload, half of which is then there.
 */
import type http from 'node:http';
import type { SeenRequest } from './gitea-listen.ts';
import { listen, record } from './gitea-listen.ts';
import type { Repository, ServerRelease } from './gitea-repository.ts';
import { assetJson, releaseJson, repository } from './gitea-repository.ts';
import { multipartFile, readBody, sendAsset } from './gitea-transfer.ts';

export const WRITER = 'token-of-a-writer';
export const READER = 'token-of-a-reader';

export interface GiteaOptions {
  /** Releases on a page, whatever was asked for. */
  pageSize: number;
  isPrivate: boolean;
  /** Nothing is shown without a login ([service] REQUIRE_SIGNIN_VIEW). */
  requiresLogin: boolean;
  /** Assets are on a host of their own. */
  storage: boolean;
  /** That host takes no signed address, as one with a wrong clock. */
  storageRefuses: boolean;
  /** The name it had before; requests for that are redirected. */
  formerName: string | null;
  /** Every request is answered so. */
  refuse: { status: number; headers?: Record<string, string>; body?: string } | null;
  /** Where a proxy or the server says that this is too large. */
  maxBytes: number;
  /** Names that may be uploaded. */
  allowed: RegExp;
  /** A repository without commits has nothing that could be tagged. */
  isEmpty: boolean;
  /** A draft cannot be downloaded from. */
  hidesDraftAssets: boolean;
  /** Link and X-Total-Count. */
  pageHeaders: boolean;
}

export type Cut = 'before' | 'after' | 'half';

export interface GiteaServer extends Repository {
  /** The address of the repository, as an owner writes it into update.toml. */
  url: string;
  /** All that was asked of the server, and of its storage. */
  requests: SeenRequest[];
  storageRequests: SeenRequest[];
  writes: () => SeenRequest[];
  options: GiteaOptions;
  /** Cuts the n-th request from now, and every later one is answered; 0 takes that back. */
  cutAt: (n: number, how: Cut) => void;
  /** Called after each request that was carried out. */
  afterEach: (look: () => void) => void;
  close: () => Promise<void>;
}

interface Answer {
  status: number;
  headers?: Record<string, string>;
  json?: unknown;
  html?: string;
}

/** Starts a server with the empty repository `owner/repo` on a free port of 127.0.0.1, below a folder if one is given. */
export async function giteaServer(given: Partial<GiteaOptions> = {}, folder = ''): Promise<GiteaServer> {
  const repo = repository();
  const options: GiteaOptions = {
    pageSize: 30,
    isPrivate: false,
    requiresLogin: false,
    storage: false,
    storageRefuses: false,
    formerName: null,
    refuse: null,
    maxBytes: 1_000_000_000,
    allowed: /./,
    isEmpty: false,
    hidesDraftAssets: false,
    pageHeaders: true,
    ...given,
  };
  const requests: SeenRequest[] = [];
  const storageRequests: SeenRequest[] = [];
  let cut: { left: number; how: Cut } | null = null;
  let look = (): void => undefined;

  const storage = await listen((request, response) => {
    record(storageRequests, request, response);
    const asset = repo.releases.flatMap(({ assets }) => assets).find(({ id }) => request.url?.startsWith(`/bucket/${String(id)}?signature=`));
    if (asset === undefined || options.storageRefuses) response.writeHead(403).end();
    else sendAsset(request, response, asset);
  });

  const main = await listen((request, response) => {
    record(requests, request, response);
    const how = cut !== null && (cut.left -= 1) === 0 ? cut.how : null;
    // Of something that is only read, there is nothing before or after.
    if (how === 'before' || (how !== null && request.method === 'GET')) {
      request.socket.destroy();
      return;
    }
    void handle(request, response, how);
  });
  // A client that asks first (Expect: 100-continue) is refused before the body is sent.
  main.server.on('checkContinue', (request: http.IncomingMessage, response: http.ServerResponse) => main.server.emit('request', request, response));
  const base = `${main.url}${folder}`;
  const web = `${base}/owner/repo`;

  async function handle(request: http.IncomingMessage, response: http.ServerResponse, how: Cut | null): Promise<void> {
    const answer = await decide(request, response, how === 'half');
    look();
    if (answer === null) return;
    if (how !== null) {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    response.end(answer.json === undefined ? answer.html : JSON.stringify(answer.json));
  }

  /** The answer; null when it has been sent already. */
  async function decide(request: http.IncomingMessage, response: http.ServerResponse, half: boolean): Promise<Answer | null> {
    const { refuse } = options;
    if (refuse !== null) {
      response.writeHead(refuse.status, refuse.headers).end(refuse.body);
      return null;
    }
    const url = new URL(request.url ?? '/', main.url);
    const path = url.pathname.slice(folder.length);
    if (options.formerName !== null && path.includes(`/${options.formerName}/`)) {
      const location = `${folder}${path.replace(`/${options.formerName}/`, '/owner/repo/')}${url.search}`;
      return { status: path.startsWith('/api/') ? 307 : 301, headers: { location } };
    }
    const token = /^(?:token|Bearer) (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? null;
    if (token !== null && token !== WRITER && token !== READER) return { status: 401, json: { message: 'invalid username, password or token' } };
    if (path === '/user/login') return { status: 200, headers: { 'content-type': 'text/html' }, html: '<!doctype html><title>Sign in</title>' };
    if (options.requiresLogin && token === null) {
      if (path.startsWith('/api/')) return { status: 403, json: { message: 'Only signed in user is allowed to call APIs.' } };
      return { status: 303, headers: { location: `${folder}/user/login` } };
    }
    if (options.isPrivate && token === null) return { status: 404, json: { message: 'The target could not be found.' } };
    const download = /^\/owner\/repo\/releases\/download\/([^/]+)\/([^/]+)$/.exec(path);
    if (download !== null) return sendDownload(request, response, download, token === WRITER);
    const rest = /^\/api\/v1\/repos\/owner\/repo\/releases(\/.*)?$/.exec(path);
    if (rest === null) return { status: 404 };
    if (request.method === 'GET') return read(url, rest[1] ?? '', token === WRITER);
    if (token !== WRITER) return { status: token === null ? 401 : 403, json: { message: 'user should have a permission to write to a repo' } };
    return await write(request, response, { rest: rest[1] ?? '', name: url.searchParams.get('name'), half });
  }

  function sendDownload(request: http.IncomingMessage, response: http.ServerResponse, match: RegExpExecArray, mayWrite: boolean): Answer | null {
    const name = decodeURIComponent(match[2] ?? '');
    const tag = decodeURIComponent(match[1] ?? '');
    // An alias, unless there is a tag of that name.
    const found = repo.find(tag, name) ?? (tag === 'latest' ? repo.find(repo.latest()?.tag ?? '', name) : null);
    if (found === null || (found.release.draft && (!mayWrite || options.hidesDraftAssets))) return { status: 404 };
    if (options.storage) return { status: 302, headers: { location: `${storage.url}/bucket/${String(found.asset.id)}?signature=secret` } };
    sendAsset(request, response, found.asset);
    return null;
  }

  function read(url: URL, rest: string, mayWrite: boolean): Answer {
    if (rest === '/latest') {
      const latest = repo.latest();
      return latest === null ? { status: 404 } : { status: 200, json: releaseJson(latest, web) };
    }
    if (rest !== '') return { status: 404 };
    const visible = repo.releases.filter(({ draft }) => !draft || mayWrite);
    const size = Math.min(options.pageSize, Number(url.searchParams.get('limit') ?? '30'));
    const page = Number(url.searchParams.get('page') ?? '1');
    const isLast = page * size >= visible.length;
    const link = isLast ? {} : { link: `<${base}/api/v1/repos/owner/repo/releases?page=${String(page + 1)}>; rel="next"` };
    const headers = options.pageHeaders ? { 'x-total-count': String(visible.length), ...link } : {};
    return { status: 200, headers, json: visible.slice((page - 1) * size, page * size).map((release) => releaseJson(release, web)) };
  }

  async function write(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    { rest, name, half }: { rest: string; name: string | null; half: boolean },
  ): Promise<Answer> {
    const [, id, assetId] = /^(?:\/(\d+)(?:\/assets(?:\/(\d+))?)?)?$/.exec(rest) ?? [];
    const release = repo.releases.find((candidate) => String(candidate.id) === id);
    if (id !== undefined && release === undefined) return { status: 404 };
    if (request.method === 'POST' && name !== null && release !== undefined) {
      if (Number(request.headers['content-length']) > options.maxBytes) return { status: 413 };
      if (!options.allowed.test(name)) return { status: 400, json: { message: 'This file extension or type is not allowed' } };
      if (request.headers.expect !== undefined) response.writeContinue();
      const bytes = multipartFile(await readBody(request), request.headers['content-type'] ?? '');
      const asset = repo.addAsset(release, name, half ? bytes.subarray(0, bytes.length >> 1) : bytes);
      return { status: 201, json: assetJson(asset, release, web) };
    }
    if (request.method === 'DELETE' && release !== undefined && assetId !== undefined) {
      const index = release.assets.findIndex((asset) => String(asset.id) === assetId);
      if (index < 0) return { status: 404 };
      release.assets.splice(index, 1);
      return { status: 204 };
    }
    const fields: unknown = JSON.parse((await readBody(request)).toString() || '{}');
    if (request.method === 'POST' && id === undefined) return create(fields);
    if (request.method !== 'PATCH' || release === undefined) return { status: 405 };
    if (assetId !== undefined) return rename(release, assetId, fields);
    if (typeof fields === 'object' && fields !== null) Object.assign(release, fields);
    return { status: 200, json: releaseJson(release, web) };
  }

  function rename(release: ServerRelease, assetId: string, fields: unknown): Answer {
    const asset = release.assets.find(({ id }) => String(id) === assetId);
    if (asset === undefined) return { status: 404 };
    if (typeof fields === 'object' && fields !== null && 'name' in fields && typeof fields.name === 'string') asset.name = fields.name;
    return { status: 201, json: assetJson(asset, release, web) };
  }

  function create(fields: unknown): Answer {
    const value: Partial<ServerRelease> & { tag_name?: string } = typeof fields === 'object' && fields !== null ? fields : {};
    const { tag_name: tag = '', name = '', body = '', draft = false, prerelease = false } = value;
    if (options.isEmpty) return { status: 422, json: { message: 'repo is empty' } };
    if (repo.releases.some((release) => release.tag === tag)) return { status: 409, json: { message: 'Release is has no Tag' } };
    return { status: 201, json: releaseJson(repo.add({ tag, name, body, draft, prerelease }), web) };
  }

  return Object.assign(repo, {
    url: web,
    requests,
    storageRequests,
    options,
    writes: () => requests.filter(({ method }) => method !== 'GET'),
    cutAt: (n: number, how: Cut) => {
      cut = n === 0 ? null : { left: n, how };
    },
    afterEach: (wanted: () => void) => {
      look = wanted;
    },
    close: async () => {
      await Promise.all([main.close(), storage.close()]);
    },
  });
}
