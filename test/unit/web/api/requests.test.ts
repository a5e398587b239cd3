import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { Shown } from '../../../../web/api/requests.ts';
import { addressOf, connectApi } from '../../../../web/api/requests.ts';
import { playedServer, readMockStates } from '../../../helpers/played.ts';
import { json, page, page200, refused, stub } from './page.ts';

const STATES = readMockStates();

function offered(): Shown {
  const { available } = STATES.state('available');
  if (available === null) throw new Error('nothing is on offer');
  return available;
}

describe('with the server of the mock', () => {
  it('each request is understood, and its answer known', async () => {
    const { url, clock } = await playedServer();
    const api = connectApi(`${url}/api/update`, '', page().around);
    expect(await api.status()).toEqual({ is: 'ok', status: 200, value: STATES.state('available') });
    expect(await api.branches()).toMatchObject({ is: 'ok', value: { selected: 'stable' } });
    expect(await api.plan()).toMatchObject({ is: 'ok', value: { plan: { version: '1.5.0' } } });
    expect(await api.history()).toMatchObject({ is: 'ok', value: { history: [] } });
    expect(await api.logs({ lines: '3' })).toMatchObject({ is: 'ok', value: { lines: [{}, {}, {}] } });
    expect(await api.auto()).toMatchObject({ is: 'ok', value: { auto: 'check', time: '04:20' } });
    expect(await api.setAuto({ auto: 'install', time: '02:30' })).toMatchObject({ is: 'ok', value: { auto: 'install', time: '02:30' } });
    expect(await api.skip('1.5.0')).toMatchObject({ is: 'ok', value: { skipped_version: '1.5.0' } });
    expect(await api.skip(null)).toMatchObject({ is: 'ok', value: { skipped_version: null } });
    expect(await api.dismiss('nothing')).toMatchObject({ is: 'refused', status: 404, failure: { code: 'NOT_FOUND' } });
    expect(await api.check()).toMatchObject({ is: 'ok', status: 202, value: { run: { kind: 'check' } } });
    expect(await api.cancel()).toMatchObject({ is: 'ok', value: { cancelled: ['check'] } });
    expect(await api.branch('beta')).toMatchObject({ is: 'ok', status: 202, value: { following: { used: 'beta' }, run: { kind: 'check' } } });
    expect(await api.branch('nope')).toMatchObject({
      is: 'refused',
      failure: { code: 'BRANCH_UNKNOWN' },
    });
    clock.pass(60_000);
    expect(await api.rollback('a-key')).toMatchObject({ is: 'ok', status: 202, value: { run: { kind: 'rollback' } } });
  });

  it('the same key starts nothing twice, and another one meets what runs', async () => {
    const { url } = await playedServer();
    const api = connectApi(`${url}/api/update`, '', page().around);
    const shown = offered();
    const [first, again, other] = [await api.apply(shown, 'one'), await api.apply(shown, 'one'), await api.apply(shown, 'two')];
    expect(again).toEqual(first);
    expect(other).toMatchObject({ is: 'refused', status: 409, failure: { code: 'BUSY' } });
  });

  it('only the release that was shown is started, to its manifest', async () => {
    const { url } = await playedServer();
    const api = connectApi(`${url}/api/update`, '', page().around);
    const another = { ...offered(), manifest_sha256: '0'.repeat(64) };
    expect(await api.apply(another, 'one')).toMatchObject({ is: 'refused', status: 409, failure: { code: 'RELEASE_CHANGED' } });
    expect(await api.apply(offered(), 'two')).toMatchObject({ is: 'ok', status: 202 });
  });

  it('the state of the query is asked for', async () => {
    const { url } = await playedServer();
    const api = connectApi(`${url}/api/update/`, 'state=broken', page().around);
    expect(await api.status()).toMatchObject({ is: 'ok', value: STATES.state('broken') });
    expect(await api.logs({ lines: '2' })).toMatchObject({ is: 'ok' });
    expect(await api.skip('1.5.0')).toMatchObject({ is: 'ok' });
  });
});

describe('what is no answer', () => {
  it.each([
    ['a page for the login', page200, 'NOT_AN_ANSWER'],
    ['JSON of something else', json(200, { hello: 'world' }), 'NOT_AN_ANSWER'],
    ['null', json(200, null), 'NOT_AN_ANSWER'],
    ['the error page of a proxy', (response: ServerResponse) => response.writeHead(502).end('<h1>Bad Gateway</h1>'), 'NOT_AN_ANSWER'],
    ['an error that is not ours', json(404, { detail: 'Not Found' }), 'NOT_AN_ANSWER'],
    ['401', refused(401, 'UNAUTHORIZED'), 'NOT_ALLOWED'],
    ['401 of a proxy', (response: ServerResponse) => response.writeHead(401).end(), 'NOT_ALLOWED'],
    ['403', refused(403, 'HOST_REFUSED'), 'NOT_ALLOWED'],
    ['a way to somewhere else', (response: ServerResponse) => response.writeHead(302, { location: '/login' }).end(), 'NOT_ALLOWED'],
    ['a connection that ends', (response: ServerResponse) => response.destroy(), 'API_GONE'],
    ['half an answer', (response: ServerResponse) => response.writeHead(200).write('{"run":', () => response.destroy()), 'API_GONE'],
  ])('is told as what it is: %s', async (_what, answer, code) => {
    const server = await stub({ status: answer, check: answer });
    const api = connectApi(server.base, '', page().around);
    expect(await api.status()).toMatchObject({ is: 'gone', failure: { code } });
    expect(await api.check()).toMatchObject({ is: 'gone', failure: { code } });
  });

  it('is told when no server listens', async () => {
    const api = connectApi('http://127.0.0.1:9/api/update', '', page().around);
    expect(await api.status()).toMatchObject({ is: 'gone', failure: { code: 'API_GONE', hint: null } });
  });

  it('is told after 20 seconds, and after 240 where stopping, or asking for a branch, may take so long', async () => {
    const silent = (): void => undefined;
    const server = await stub({ check: silent, cancel: silent, branch: silent });
    const own = page();
    const api = connectApi(server.base, '', own.around);
    const answers: string[] = [];
    const asked = [
      api.check().then((answer) => answers.push(`check ${answer.is === 'gone' ? answer.failure.code : ''}`)),
      api.cancel().then((answer) => answers.push(`cancel ${answer.is === 'gone' ? answer.failure.code : ''}`)),
      api.branch('beta').then((answer) => answers.push(`branch ${answer.is === 'gone' ? answer.failure.code : ''}`)),
    ];
    own.clock.pass(20_000);
    await asked[0];
    expect(answers).toEqual(['check SLOW']);
    own.clock.pass(220_000);
    await Promise.all(asked);
    expect(answers.toSorted()).toEqual(['branch SLOW', 'cancel SLOW', 'check SLOW']);
  });
});

it('is refused with the reason', async () => {
  const server = await stub({ check: refused(503, 'CONFIG_INVALID') });
  expect(await connectApi(server.base, '', page().around).check()).toEqual({
    is: 'refused',
    status: 503,
    failure: { code: 'CONFIG_INVALID', message: 'it is CONFIG_INVALID', hint: 'a hint' },
  });
});

it('addresses are put together', () => {
  expect([
    addressOf('/api/update', 'status', ''),
    addressOf('/api/update//', 'status', 'state=a'),
    addressOf('/u', 'logs', 'state=a', { cursor: 's=1;i=2' }),
    addressOf('/u', 'logs', '', { lines: '5' }),
  ]).toEqual(['/api/update/status', '/api/update/status?state=a', '/u/logs?state=a&cursor=s%3D1%3Bi%3D2', '/u/logs?lines=5']);
});
