import { expect, it } from 'vitest';
import { API_PREFIX, ROUTES } from '../../../../lib/core/http-api/api-routes.ts';
import { openApiDocument } from '../../../../lib/core/http-api/openapi.ts';

const DOCUMENT = openApiDocument('1.2.3');

it('has every route, with what it takes and answers', () => {
  expect(DOCUMENT).toMatchObject({ openapi: '3.1.0', info: { version: '1.2.3' } });
  for (const { method, path, body, answers } of Object.values(ROUTES)) {
    expect(DOCUMENT['paths']).toHaveProperty([`${API_PREFIX}${path}`, method.toLowerCase(), 'responses']);
    for (const status of Object.keys(answers))
      expect(DOCUMENT['paths']).toHaveProperty([`${API_PREFIX}${path}`, method.toLowerCase(), 'responses', status]);
    if (body !== null)
      expect(DOCUMENT['paths']).toHaveProperty([`${API_PREFIX}${path}`, method.toLowerCase(), 'requestBody', 'content', 'application/json']);
  }
});

it('lets no unknown key into a body, and says where a stream is to be had', () => {
  const at = (...path: string[]): unknown => path.reduce<unknown>((value, name) => Reflect.get(Object(value), name), DOCUMENT['paths']);
  expect(at('/api/update/apply', 'post', 'requestBody', 'content', 'application/json', 'schema', 'additionalProperties')).toBe(false);
  expect(at('/api/update/events', 'get', 'responses', '200', 'content', 'text/event-stream')).toBeDefined();
  expect(at('/api/update/events', 'get', 'responses', '200', 'content', 'application/json')).toBeUndefined();
  expect(at('/api/update/check', 'post', 'responses', '200', 'content', 'text/event-stream')).toBeDefined();
});
