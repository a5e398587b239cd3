/** What every request has to pass before a route sees it, in this order: headers, host, origin, secrets, token, path, method. */
import type { IncomingMessage } from 'node:http';
import type { Route } from '../core/http-api/api-routes.ts';
import { API_PREFIX, ROUTES } from '../core/http-api/api-routes.ts';
import { UpdateError } from '../core/errors.ts';
import type { ApiDeps } from './deps.ts';
import type { FailedLogins } from './failed-logins.ts';
import { checkHost } from './host-guard.ts';
import { assertOwnOrigin } from './origin-guard.ts';
import { assertNoSecret, splitTarget } from './request-query.ts';
import { STATIC_METHODS, STATIC_PATHS } from './static-files.ts';
import { assertToken } from './token-guard.ts';

/** The socket that a request came in by; `port` is null for the unix socket, whose permissions are the authentication. */
export interface Door {
  port: number | null;
}

/** Browsers send about twenty. */
const MAX_HEADERS = 100;

/** Returns the target without an authority. Throws what keeps the request out. */
export function guard(incoming: IncomingMessage, door: Door, deps: ApiDeps, failed: FailedLogins): string {
  const { rawHeaders, headers, method = '', url = '', socket } = incoming;
  if (rawHeaders.length > 2 * MAX_HEADERS) throw new UpdateError('REQUEST_INVALID', `the request has more than ${String(MAX_HEADERS)} headers`);
  const { host, target } = checkHost({ rawHeaders, target: url, allowed: deps.hosts(), port: door.port });
  assertOwnOrigin(method, headers, host);
  const { path, query } = splitTarget(target);
  assertNoSecret(query);
  if (door.port !== null) assertToken(headers, socket.remoteAddress ?? '', deps.token(), failed);
  assertRoute(method, path);
  return target;
}

const METHODS = new Map<string, readonly string[]>(STATIC_PATHS.map((path) => [path, STATIC_METHODS]));
for (const { path, method } of Object.values<Route>(ROUTES)) {
  METHODS.set(`${API_PREFIX}${path}`, [...(METHODS.get(`${API_PREFIX}${path}`) ?? []), method]);
}

/** Paths are what they are: nothing is decoded, folded or tidied up. */
function assertRoute(method: string, path: string): void {
  const methods = METHODS.get(path);
  if (methods === undefined)
    throw new UpdateError('NOT_FOUND', 'this address does not exist', { hint: `${API_PREFIX}openapi.json lists all addresses` });
  if (methods.includes(method)) return;
  throw new UpdateError('METHOD_REFUSED', `this address accepts only ${methods.join(' and ')}`, { subject: methods.join(', ') });
}
