/** The routes: what each of them asks of the backend, and how its answer goes out. Guards have looked at a request before. */
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context } from 'hono';
import { Hono } from 'hono';
import type * as z from 'zod';
import type { StatusAnswer } from '../core/http-api/api-answers.ts';
import { ApplyBody, AutoBody, BranchBody, DismissBody, HistoryQuery, LogsQuery, NoBody, NoQuery, SkipBody } from '../core/http-api/api-requests.ts';
import type { Route } from '../core/http-api/api-routes.ts';
import { API_PREFIX, ROUTES } from '../core/http-api/api-routes.ts';
import { statusOf } from '../core/http-api/api-status.ts';
import type { UpdateError } from '../core/errors.ts';
import { toUpdateError } from '../core/errors.ts';
import type { Run } from '../core/run/run.ts';
import type { Answer } from './answer.ts';
import { JSON_TYPE, HEADERS, errorAnswer, jsonAnswer } from './answer.ts';
import type { ApiDeps } from './deps.ts';
import { clientOf } from './client-of.ts';
import { eventStreams } from './event-streams.ts';
import { watchStatus } from './events.ts';
import { followLogs, goingOn, readable } from './logs.ts';
import { observer } from './observer.ts';
import { assertAsksForEvents, takesEvents } from './origin-guard.ts';
import { readBody } from './request-body.ts';
import { readQuery, splitTarget } from './request-query.ts';
import { startsOf } from './starts.ts';
import { STATIC_PATHS, staticFiles } from './static-files.ts';

type Ctx = Context<{ Bindings: HttpBindings }>;

export interface App {
  fetch: (request: Request, env: HttpBindings) => Response | Promise<Response>;
  /** Ends all streams. */
  endStreams: () => void;
}

const HISTORY = 100;

export function createApp(deps: ApiDeps): App {
  const { backend } = deps;
  const streams = eventStreams(deps.limits);
  const seen = observer(backend, deps.warn);
  const starts = startsOf(async () => (await backend.status()).run);
  const app = new Hono<{ Bindings: HttpBindings }>();

  function on(route: Route, handle: (c: Ctx) => Promise<Response>): void {
    app.on(route.method, `${API_PREFIX}${route.path}`, async (c) => {
      try {
        return await handle(c);
      } catch (error) {
        return toResponse(await failed(route, toUpdateError(error)));
      }
    });
  }

  /** A status that the route does not document is not the client's doing. */
  async function failed(route: Route, error: UpdateError): Promise<Answer> {
    const status = statusOf(error.code);
    if (status === 500) deps.warn(`${route.method} ${route.path}: ${String(error.cause instanceof Error ? error.cause.stack : error.stack)}`);
    const busy = error.code === 'BUSY' ? { run: await lastRun().catch(() => null) } : undefined;
    const answer = errorAnswer(error, busy);
    return status === 500 || status in route.answers ? answer : { ...answer, status: 503 };
  }

  async function lastRun(): Promise<StatusAnswer['run']> {
    return (await backend.status()).run;
  }

  /** A start: 202 at once, or the stream of what comes of it. */
  async function begin(c: Ctx, what: string, start: () => Promise<Run>): Promise<Response> {
    const key = c.env.incoming.headers['idempotency-key'];
    const slot = takesEvents(c.env.incoming.headers) ? streams.takeForStart() : null;
    try {
      const run = await starts.begin(what, typeof key === 'string' ? key : null, start);
      if (slot === null) return json(202, { run });
      await watchStatus(seen, { slot, response: c.env.outgoing, lastId: null, until: run });
      return RESPONSE_ALREADY_SENT;
    } catch (error) {
      slot?.release();
      throw error;
    }
  }

  on(ROUTES.status, async (c) => {
    queryOf(c, NoQuery);
    return json(200, await backend.status());
  });
  on(ROUTES.events, async (c) => {
    queryOf(c, NoQuery);
    assertAsksForEvents(c.env.incoming.headers);
    const slot = streams.take(clientOf(c.env.incoming));
    try {
      await watchStatus(seen, { slot, response: c.env.outgoing, lastId: lastIdOf(c), until: null });
    } catch (error) {
      slot.release();
      throw error;
    }
    return RESPONSE_ALREADY_SENT;
  });
  on(ROUTES.branches, async (c) => {
    queryOf(c, NoQuery);
    return json(200, await backend.branches());
  });
  on(ROUTES.auto, async (c) => {
    queryOf(c, NoQuery);
    return json(200, await backend.auto());
  });
  on(ROUTES.plan, async (c) => {
    queryOf(c, NoQuery);
    return json(200, await backend.plan());
  });
  on(ROUTES.history, async (c) => json(200, await backend.history(queryOf(c, HistoryQuery).limit ?? HISTORY)));
  on(ROUTES.logs, async (c) => {
    const query = queryOf(c, LogsQuery);
    const journal = readable(deps.journal);
    if (!takesEvents(c.env.incoming.headers)) return json(200, await journal.read(query));
    assertAsksForEvents(c.env.incoming.headers);
    followLogs(journal, goingOn(query, lastIdOf(c)), streams.take(clientOf(c.env.incoming)), c.env.outgoing);
    return RESPONSE_ALREADY_SENT;
  });
  on(ROUTES.openapi, (c) => {
    queryOf(c, NoQuery);
    return Promise.resolve(new Response(deps.openapi, { headers: { ...HEADERS, 'Content-Type': JSON_TYPE } }));
  });
  on(ROUTES.check, async (c) => {
    await bodyOf(c, NoBody);
    return await begin(c, 'check', backend.check);
  });
  on(ROUTES.apply, async (c) => {
    const { version, manifest_sha256: sha256 = null, replace = [] } = await bodyOf(c, ApplyBody);
    const what = `apply ${[version, sha256].filter((part) => typeof part === 'string').join(' ')}`;
    return await begin(c, what, async () => await backend.apply(version ?? null, { sha256, replace }));
  });
  on(ROUTES.rollback, async (c) => {
    await bodyOf(c, NoBody);
    return await begin(c, 'rollback', backend.rollback);
  });
  on(ROUTES.cancel, async (c) => {
    await bodyOf(c, NoBody);
    return json(200, await backend.cancel());
  });
  on(ROUTES.setAuto, async (c) => {
    const { auto, time } = await bodyOf(c, AutoBody);
    return json(200, await starts.inTurn(async () => await backend.setAuto({ auto: auto ?? null, time: time ?? null })));
  });
  on(ROUTES.branch, async (c) => {
    const { name } = await bodyOf(c, BranchBody);
    const answer = await starts.inTurn(async () => await backend.branch(name));
    return json(answer.run === null ? 200 : 202, answer);
  });
  on(ROUTES.skip, async (c) => {
    const { version } = await bodyOf(c, SkipBody);
    return json(200, await backend.skip(version));
  });
  on(ROUTES.dismiss, async (c) => {
    const { id } = await bodyOf(c, DismissBody);
    return json(200, await backend.dismiss(id ?? null));
  });

  const files = staticFiles(deps.webFile);
  for (const path of STATIC_PATHS) {
    // HEAD comes along.
    app.get(path, (c) => {
      try {
        return toResponse(files.answer(path, c.env.incoming.headers['if-none-match']));
      } catch (error) {
        return toResponse(errorAnswer(toUpdateError(error)));
      }
    });
  }

  return { fetch: (request, env) => app.fetch(request, env), endStreams: streams.endAll };
}

function json(status: number, value: unknown): Response {
  return toResponse(jsonAnswer(status, value));
}

function toResponse({ status, headers, body }: Answer): Response {
  return new Response(status === 304 ? null : body, { status, headers });
}

function queryOf<T>(c: Ctx, schema: z.ZodType<T>): T {
  return readQuery(splitTarget(c.env.incoming.url ?? '').query, schema);
}

/** No route with a body has a query. */
async function bodyOf<T>(c: Ctx, schema: z.ZodType<T>): Promise<T> {
  queryOf(c, NoQuery);
  return await readBody(c.env.incoming, schema);
}

function lastIdOf(c: Ctx): string | null {
  const id = c.env.incoming.headers['last-event-id'];
  return typeof id === 'string' ? id : null;
}
