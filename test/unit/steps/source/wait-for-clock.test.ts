import { describe, expect, it } from 'vitest';
import { UpdateError } from '../../../../lib/core/errors.ts';
import { clockIsRight } from '../../../../lib/steps/source/wait-for-clock.ts';
import { device, netDeps } from '../../../helpers/device.ts';
import { containing } from '../../../helpers/matchers.ts';

const wrong = (): never => {
  throw new UpdateError('CLOCK_WRONG', 'the clock of this device says 1970', { hint: 'set the clock' });
};

describe('clockIsRight', () => {
  it('says nothing and waits for nothing when it is', async () => {
    const deps = netDeps(device(), { clockSet: () => Promise.reject(new Error('waited')) });
    await clockIsRight(deps, true, () => undefined);
    expect(deps.said).toEqual([]);
  });

  it('tells who asks by hand at once', async () => {
    const deps = netDeps(device(), { clockSet: () => Promise.reject(new Error('waited')) });
    await expect(clockIsRight(deps, false, wrong)).rejects.toMatchObject({ code: 'CLOCK_WRONG' });
  });

  it('waits in a run of the timer, says so, and goes on when the clock is set', async () => {
    let isSet = false;
    const phases: string[] = [];
    const deps = netDeps(device(), {
      report: ({ phase }) => phases.push(phase),
      clockSet: (isRight) => {
        expect(isRight()).toBe(false);
        isSet = true;
        expect(isRight()).toBe(true);
        return Promise.resolve();
      },
    });
    await clockIsRight(deps, true, () => {
      if (!isSet) wrong();
    });
    expect(phases).toEqual(['waiting-for-clock']);
    expect(deps.said).toEqual([
      'info: the clock of this device says 1970: waiting until it is synchronised, at most 120 s',
      containing('info: the clock is set: it says '),
    ]);
  });

  it('fails when it stays wrong, and when the step is stopped', async () => {
    await expect(clockIsRight(netDeps(device(), { clockSet: () => Promise.resolve() }), true, wrong)).rejects.toMatchObject({ code: 'CLOCK_WRONG' });
    const stop = new AbortController();
    const deps = netDeps(device(), {
      signal: stop.signal,
      clockSet: () => {
        stop.abort();
        return Promise.resolve();
      },
    });
    await expect(clockIsRight(deps, true, wrong)).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('passes on what is no matter of the clock', async () => {
    const other = (): never => {
      throw new UpdateError('IO_ERROR', 'no disk');
    };
    await expect(clockIsRight(netDeps(device()), true, other)).rejects.toMatchObject({ code: 'IO_ERROR' });
  });
});
