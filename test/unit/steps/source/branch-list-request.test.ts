import { describe, expect, it } from 'vitest';
import { cachedBranches, requestBranches } from '../../../../lib/steps/source/branch-list-request.ts';
import { writeBranches } from '../../../helpers/branch-files.ts';
import { netDeps } from '../../../helpers/device.ts';
import { onSite } from '../published.ts';
import { bytes, status } from '../site-server.ts';

const AGAIN = /^warning: .*; retrying$/;

describe('requestBranches', () => {
  it('answers with the list, and keeps it', async () => {
    const { on, site } = await onSite([]);
    writeBranches(site, [{ name: 'beta' }]);
    const deps = netDeps(on);
    const answer = await requestBranches(deps, deps.loadConfig(), 'beta');
    expect(answer).toMatchObject({ answer: 'list', failure: null, list: [{ name: 'beta', enabled: true, visible: true, linux: true }] });
    expect(cachedBranches(deps, deps.loadConfig())).toEqual(answer.list);
  });

  it.each([
    ['not there', status(404), 'none', null],
    ['gone', status(410), 'none', null],
    ['forbidden', status(403), 'failed', 'HTTP_STATUS'],
    ['broken', status(500), 'failed', 'SERVER_ERROR'],
    ['no list', bytes('{}'), 'failed', 'SITE_INVALID'],
    ['a page of a captive portal', bytes('<html>'), 'failed', 'CAPTIVE_PORTAL'],
    ['stable in it', bytes('[{"name":"stable"}]'), 'failed', 'SITE_INVALID'],
    ['a name that leads elsewhere', bytes('[{"name":"../../x"}]'), 'failed', 'SITE_INVALID'],
    ['a name twice', bytes('[{"name":"beta"},{"name":"beta"}]'), 'failed', 'SITE_INVALID'],
  ] as const)('keeps the last good list: %s', async (_name, given, answer, code) => {
    const { on, site, server } = await onSite([]);
    writeBranches(site, [{ name: 'beta' }]);
    const deps = netDeps(on);
    const { list } = await requestBranches(deps, deps.loadConfig(), 'stable');
    server.answer('/branches.json', given);
    const again = await requestBranches(deps, deps.loadConfig(), 'stable');
    expect(again).toMatchObject({ list, answer });
    expect(again.failure?.code ?? null).toBe(code);
    expect(again.failure === null || again.failure.hint !== null).toBe(true);
    expect(cachedBranches(deps, deps.loadConfig())).toEqual(list);
  });

  it('has no list of another source', async () => {
    const { on } = await onSite([]);
    const deps = netDeps(on);
    await requestBranches(deps, deps.loadConfig(), 'stable');
    on.configure({ url: 'http://127.0.0.1:1/' });
    expect(cachedBranches(deps, deps.loadConfig())).toBeNull();
    expect(await requestBranches(deps, deps.loadConfig(), 'stable')).toMatchObject({ list: null, answer: 'failed' });
  });

  it.each([
    ['stable', false, 0],
    ['beta', false, 2],
    ['beta', true, 0],
  ])('tries again only where it cannot do without: %s, seen before: %s', async (branch, isKnown, retries) => {
    const { on, server } = await onSite([]);
    on.configure({ url: server.url });
    const asked: number[] = [];
    const deps = netDeps(on, {
      withRetries: async (attempt, options) => {
        asked.push(options.retries);
        return await attempt(0);
      },
    });
    const config = { ...deps.loadConfig(), limits: { ...deps.loadConfig().limits, retries: 3 } };
    if (isKnown) await requestBranches(deps, config, branch);
    asked.length = 0;
    await requestBranches(deps, config, branch);
    expect(asked).toEqual([retries]);
    expect(deps.said.filter((line) => AGAIN.test(line))).toEqual([]);
  });

  it('ends when it is cancelled', async () => {
    const { on, server } = await onSite([]);
    const stop = new AbortController();
    server.answer('/branches.json', () => {
      stop.abort();
    });
    const deps = netDeps(on, { signal: stop.signal });
    await expect(requestBranches(deps, deps.loadConfig(), 'stable')).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
