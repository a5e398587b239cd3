/** The OpenAPI 3.1 document of the HTTP API, made from the table of its routes. */
import * as z from 'zod';
import type { Route } from './api-routes.ts';
import { API_PREFIX, ROUTES } from './api-routes.ts';

const JSON_TYPE = 'application/json';
const EVENTS_TYPE = 'text/event-stream';

const WORDS: Readonly<Record<number, string>> = {
  200: 'done',
  202: 'started or queued',
  400: 'the request is invalid',
  401: 'the token is missing or wrong',
  403: 'the host or the origin is not this device',
  404: 'there is no such thing',
  409: 'something else runs, or has changed',
  413: 'the body is too large',
  415: 'the body is not JSON',
  429: 'too many wrong tokens',
  503: 'the device cannot do this now',
};

/** The document, as `openapi.json` has it. */
export function openApiDocument(version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [name, route] of Object.entries<Route>(ROUTES)) {
    const path = (paths[`${API_PREFIX}${route.path}`] ??= {});
    path[route.method.toLowerCase()] = operation(name, route);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Pi-Kit Updater', version, description: 'Reads the state of the updater, and starts and stops its units.' },
    servers: [{ url: '/' }],
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'On TCP only; the unix socket needs none.' } } },
    security: [{}, { token: [] }],
    paths,
  };
}

function operation(name: string, route: Route): Record<string, unknown> {
  return {
    operationId: name,
    summary: route.summary,
    parameters: [...queryParameters(route), ...headerParameters(route)],
    ...(route.body === null ? {} : { requestBody: { required: true, content: { [JSON_TYPE]: { schema: input(route.body) } } } }),
    responses: responses(route),
  };
}

function queryParameters({ query }: Route): unknown[] {
  return Object.entries(query.shape).map(([name, schema]) => ({
    name,
    in: 'query',
    required: false,
    schema: schema instanceof z.ZodType ? input(schema) : {},
  }));
}

function headerParameters(route: Route): unknown[] {
  if (route.method === 'GET' || route.answers[202] === undefined || route.stream === 'no') return [];
  const schema = { type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$' };
  return [{ name: 'Idempotency-Key', in: 'header', required: false, description: 'The same key again answers with the same run.', schema }];
}

function responses(route: Route): Record<string, unknown> {
  const all = Object.entries(route.answers).map(([status, schema]) => [status, answer(Number(status), schema, route.stream)] as const);
  // A start that is watched is a stream from its first byte: 200.
  const watched =
    route.stream === 'asked' && route.answers[200] === undefined ? { 200: { description: 'the stream of the run', content: AS_EVENTS } } : {};
  return { ...watched, ...Object.fromEntries(all) };
}

const AS_EVENTS = { [EVENTS_TYPE]: { schema: { type: 'string' } } };

function answer(status: number, schema: z.ZodType, stream: Route['stream']): unknown {
  const asJson = { [JSON_TYPE]: { schema: output(schema) } };
  const isStream = status === 200 && stream !== 'no';
  const content = !isStream ? asJson : stream === 'always' ? AS_EVENTS : { ...asJson, ...AS_EVENTS };
  return { description: WORDS[status] ?? '', content };
}

function input(schema: z.ZodType): unknown {
  return plain(z.toJSONSchema(schema, { io: 'input' }));
}

function output(schema: z.ZodType): unknown {
  return plain(z.toJSONSchema(schema, { io: 'output' }));
}

/** The dialect is the document's own. */
function plain(schema: Readonly<Record<string, unknown>>): unknown {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => name !== '$schema'));
}
