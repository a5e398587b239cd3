import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UpdateError } from '../../../../lib/core/errors.ts';
import { pause } from '../../../../lib/io/clock.ts';
import { probe } from '../../../../lib/io/http/probe.ts';
import { matching } from '../../../helpers/matchers.ts';
import type { Answer, ReleaseServer } from '../../../helpers/release-server.ts';
import { releaseServer } from '../../../helpers/release-server.ts';

vi.mock('../../../../lib/io/clock.ts');

const NEVER = new AbortController().signal;
let server: ReleaseServer;
beforeEach(async () => {
  vi.mocked(pause).mockReset();
  server = await releaseServer();
});
afterEach(async () => {
  await server.close();
});

function probing(path: string, deadlineMs = 20_000, signal = NEVER): Promise<void> {
  return probe(server.url(path).href, deadlineMs, signal);
}

describe('probe', () => {
  it.each<[string, Answer]>([
    ['ok', { body: 'x' }],
    ['no-content', { status: 204 }],
    ['redirect', { status: 302, headers: { location: '/login' } }],
    ['not-modified', { status: 304 }],
    ['long', { body: 'x'.repeat(1_000_000) }],
    ['cut-off', { body: 'x'.repeat(1000), after: { bytes: 5, then: 'reset' } }],
  ])('is content with an answer below 400: %s', async (_name, answer) => {
    server.at('/', answer);
    await probing('/');
    expect(server.requests).toHaveLength(1);
  });

  it('asks again until the service is up', async () => {
    server.at('/', { status: 503 }, { status: 404 }, { raw: '' }, { raw: 'garbage' }, { status: 200 });
    await probing('/');
    expect(server.requests).toHaveLength(5);
    expect(vi.mocked(pause).mock.calls.map(([ms]) => ms)).toEqual([250, 250, 250, 250]);
  });

  it.each<[string, Answer, RegExp]>([
    ['status', { status: 500 }, /: HTTP 500$/],
    ['garbage', { raw: 'SSH-2.0\r\n' }, /: Parse Error/],
    ['silence', { silent: true }, /: .*aborted/],
    ['endless-headers', { endless: 'headers' }, /: (Parse Error|.*aborted)/],
  ])('says at the deadline what the last answer was: %s', async (_name, answer, says) => {
    server.at('/', answer);
    await expect(probing('/', 300)).rejects.toMatchObject({
      code: 'PROBE_FAILED',
      message: matching(new RegExp(`failed the health check after 0\\.3 s${says.source}`)),
      subject: server.url('/').href,
    });
  });

  it('logs in with what the address has', async () => {
    server.at('/', { status: 200 });
    const url = server.url('/');
    await probe(url.href.replace('//', '//me:pa%20ss@'), 20_000, NEVER);
    expect(server.requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('me:pa ss').toString('base64')}`);
  });

  it('says that no server is there', async () => {
    await server.close();
    await expect(probing('/', 100)).rejects.toMatchObject({ code: 'PROBE_FAILED', message: matching('ECONNREFUSED') });
  });

  it('tries at least once', async () => {
    await expect(probing('/', 0)).rejects.toMatchObject({ code: 'PROBE_FAILED' });
  });

  it('is CANCELLED while it asks', async () => {
    const cancel = new AbortController();
    server.at('/silent', { silent: true });
    const asked = probing('/silent', 20_000, cancel.signal);
    setImmediate(() => {
      cancel.abort();
    });
    await expect(asked).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(probing('/', 20_000, AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('is CANCELLED between two questions', async () => {
    vi.mocked(pause).mockRejectedValue(new UpdateError('CANCELLED', 'x'));
    await expect(probing('/')).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
