import { describe, expect, it } from 'vitest';
import { apply } from '../../../lib/steps/apply.ts';
import { check } from '../../../lib/steps/check.ts';
import { fetchRelease } from '../../../lib/steps/fetch.ts';
import { UpdateError } from '../../../lib/core/errors.ts';
import type { Services } from '../../../lib/io/systemd/services.ts';
import { netDeps, rootDeps } from '../../helpers/device.ts';
import { containing } from '../../helpers/matchers.ts';
import { onSite } from './published.ts';
import { status } from './site-server.ts';

describe('a release that fails its health check', () => {
  it('is undone to exactly the old files, held, and explained once', async () => {
    const { on, server } = await onSite(['1.0.0', '1.1.0']);
    server.answer('/health', status(502));
    on.configure({ url: server.url, health: [`${server.url}health`], healthTimeout: '300ms' });
    await fetchRelease(netDeps(on));
    const before = on.tree();
    const deps = rootDeps(on);
    expect(await apply(deps)).toMatchObject({
      outcome: 'failed',
      failure: { code: 'PROBE_FAILED', subject: `${server.url}health`, message: containing('failed the health check after 0.3 s: ') },
      recorded: true,
    });
    expect(on.tree()).toEqual(before);
    expect(deps.said).toEqual([
      'info: installing 1.1.0 over 1.0.0: 0 new, 4 changed, 0 removed',
      'info: recorded: restart pikit-api.service',
      'notice: 1.1.0 failed its health check; rolling back to 1.0.0',
      'notice: rolled back: the files of 1.0.0 are restored',
      'info: recorded: restart pikit-api.service with the old files',
    ]);
    const history = on.files.readHistory();
    expect(history.at(-1)).toMatchObject({
      step: 'apply',
      outcome: 'rolled-back',
      code: 'PROBE_FAILED',
      subject: `${server.url}health`,
      from: '1.0.0',
      to: '1.1.0',
    });
    expect(history.filter((receipt) => receipt.to === '1.1.0')).toHaveLength(1);
    expect(on.files.readState()).toMatchObject({ current: '1.0.0', held: [{ version: '1.1.0', reason: 'failed' }], last_result: history.at(-1) });
    expect(await apply(rootDeps(on))).toMatchObject({ message: containing('is held') });
    expect((await check(netDeps(on))).message).toContain('1.1.0 is held: it failed here before');
  });

  it('is undone with the services left as they were when its preparation was stopped', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    const before = on.tree();
    const actions = on.read('/var/lib/pikit/service-actions.jsonl');
    const stop = new AbortController();
    let breaths = 0;
    const deps = rootDeps(on, {
      signal: stop.signal,
      breathe: () => {
        breaths += 1;
        // The first is before anything is prepared, the second before the first rename.
        if (breaths === 2) stop.abort();
        return Promise.resolve();
      },
    });
    expect(await apply(deps)).toMatchObject({ failure: { code: 'CANCELLED' } });
    expect(on.tree()).toEqual(before);
    expect(on.read('/var/lib/pikit/service-actions.jsonl')).toBe(actions);
    expect(deps.said.filter((line) => line.includes('rolled back'))).toEqual([]);
    expect(on.files.readHistory().at(-1)).toMatchObject({ outcome: 'cancelled' });
    expect(on.files.readHeld().versions).toEqual([]);
  });

  it('is undone without a verdict when it was stopped in the middle', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    const before = on.tree();
    const stop = new AbortController();
    const deps = rootDeps(on, {
      signal: stop.signal,
      report: (progress) => {
        if (progress.phase === 'checking-health') stop.abort();
      },
    });
    expect(await apply(deps)).toMatchObject({ failure: { code: 'CANCELLED' } });
    expect(on.tree()).toEqual(before);
    expect(on.files.readHeld().versions).toEqual([]);
    expect(on.files.readHistory().at(-1)).toMatchObject({ outcome: 'cancelled', code: 'CANCELLED' });
    expect((await apply(rootDeps(on))).outcome).toBe('ok');
  });

  it('is undone although the services do not start with the old files either', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    const before = on.tree();
    const down: Services = {
      restarts: 'restarted',
      meantToRun: () => Promise.resolve([]),
      restart: () =>
        Promise.reject(
          new UpdateError('SERVICE_FAILED', "'pikit-api.service' did not start (failed)", { subject: 'pikit-api.service', lines: ['boom'] }),
        ),
      connect: () => Promise.resolve(),
      reloadWebServer: () => Promise.resolve(null),
      assertActive: () => Promise.resolve(),
      close: () => undefined,
    };
    const deps = rootDeps(on, { services: () => down });
    expect(await apply(deps)).toMatchObject({ failure: { code: 'SERVICE_FAILED', lines: ['boom'] } });
    expect(on.tree()).toEqual(before);
    expect(deps.said.at(-1)).toBe("warning: after the rollback, ignoring: 'pikit-api.service' did not start (failed)");
    expect(on.files.readHistory().at(-1)).toMatchObject({ code: 'SERVICE_FAILED', subject: 'pikit-api.service', lines: ['boom'] });
  });
});
