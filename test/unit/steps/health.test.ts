import { describe, expect, it } from 'vitest';
import { UpdateError } from '../../../lib/core/errors.ts';
import type { Services } from '../../../lib/io/systemd/services.ts';
import { restartAndCheck } from '../../../lib/steps/health.ts';
import { device, rootDeps } from '../../helpers/device.ts';
import { published } from './published.ts';
import { gate, status } from './site-server.ts';

function services(overrides: Partial<Services> & { log?: string[] } = {}): Services {
  const { log = [], ...rest } = overrides;
  return {
    restarts: 'restarted',
    meantToRun: (units) => Promise.resolve([...units]),
    restart: (units) => {
      log.push(`restart ${units.join(' ')}`);
      return Promise.resolve(units.filter((unit) => unit !== 'absent.service'));
    },
    connect: () => Promise.resolve(),
    reloadWebServer: () => {
      log.push('reload');
      return Promise.resolve(null);
    },
    assertActive: (units) => {
      log.push(`watch ${units.join(' ')}`);
      return Promise.resolve();
    },
    close: () => undefined,
    ...rest,
  };
}

describe('bringUp', () => {
  it('restarts each unit once, tells nginx, and watches those that were restarted', async () => {
    const on = device({ restart: ['a.service', 'absent.service'] });
    const deps = rootDeps(on);
    const log: string[] = [];
    await restartAndCheck(deps, deps.loadConfig(), services({ log }), ['a.service', 'b.service']);
    expect(log).toEqual(['restart a.service absent.service b.service', 'reload', 'watch a.service b.service']);
    expect(deps.said).toEqual(['info: restarted a.service, b.service']);
  });

  it('goes on, and says so, when nginx does not like its configuration', async () => {
    const on = device({ restart: [] });
    const deps = rootDeps(on);
    await restartAndCheck(deps, deps.loadConfig(), services({ reloadWebServer: () => Promise.resolve('nginx -t failed: unknown directive') }), []);
    expect(deps.said).toEqual(['warning: failed to reload nginx, ignoring: nginx -t failed: unknown directive']);
  });

  it('fails with the page that does not answer', async () => {
    const { server } = await published();
    server.answer('/bad', status(500));
    server.answer('/good', status(302));
    const on = device({ health: [`${server.url}good`, `${server.url}bad`], healthTimeout: '300ms' });
    const deps = rootDeps(on);
    await expect(restartAndCheck(deps, deps.loadConfig(), services(), [])).rejects.toMatchObject({
      code: 'PROBE_FAILED',
      subject: `${server.url}bad`,
    });
  });

  it('waits for no page when a service has fallen, and tells about the service', async () => {
    const held = await gate();
    const on = device({ health: [held.url], healthTimeout: '1h' });
    const deps = rootDeps(on);
    const fallen = services({
      assertActive: async () => {
        await held.reached;
        throw new UpdateError('SERVICE_FAILED', "'a.service' did not stay active");
      },
    });
    await expect(restartAndCheck(deps, deps.loadConfig(), fallen, [])).rejects.toMatchObject({ code: 'SERVICE_FAILED' });
  });

  it('ends when it is told to', async () => {
    const held = await gate();
    const stop = new AbortController();
    const on = device({ health: [held.url], healthTimeout: '1h' });
    const deps = rootDeps(on, { signal: stop.signal });
    const running = restartAndCheck(deps, deps.loadConfig(), services(), []);
    await held.reached;
    stop.abort();
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
