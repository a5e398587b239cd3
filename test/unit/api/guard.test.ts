import { expect, it } from 'vitest';
import { expectRefused } from '../../helpers/api-server.ts';
import { served } from './served.ts';

it('looks at the host first, then at the origin, at secrets, at the path, at the method', async () => {
  const api = await served();
  const ask = (path: string, method: string, headers: Record<string, string>) => api.ask(path, { method, headers });
  const evil = { Host: 'evil.example', Origin: 'http://evil.example' };
  expectRefused(await ask('/nothing?token=x', 'PUT', evil), 403, 'HOST_REFUSED');
  expectRefused(await ask('/nothing?token=x', 'PUT', { Origin: 'http://evil.example' }), 403, 'ORIGIN_REFUSED');
  expectRefused(await ask('/nothing?token=x', 'PUT', {}), 400, 'REQUEST_INVALID');
  expectRefused(await ask('/nothing', 'PUT', {}), 404, 'NOT_FOUND');
  const method = await ask('/api/update/auto', 'PUT', {});
  expectRefused(method, 405, 'METHOD_REFUSED');
  expect(method.headers.allow).toBe('GET, POST');
});
