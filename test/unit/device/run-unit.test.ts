import { describe, expect, it } from 'vitest';
import { runUnit } from '../../../lib/device/run-unit.ts';
import { UpdateError } from '../../../lib/core/errors.ts';
import type { Progress } from '../../../lib/core/device/state.ts';
import type { JobResult } from '../../../lib/io/systemd/unit-runner.ts';
import { stepBegun, stepEnded } from '../../../lib/core/run/run-record.ts';
import { NOW, cliDevice, receipt } from '../../helpers/cli-device.ts';
import { stepStart } from '../../helpers/run-start.ts';

function recorder(): { show: (progress: Progress) => void; shown: Progress[] } {
  const shown: Progress[] = [];
  return { show: (progress) => shown.push(progress), shown };
}

describe('runUnit', () => {
  it('starts the last step, shows the progress of all of them, and returns the new receipt', async () => {
    const device = cliDevice();
    const { show, shown } = recorder();
    device.setState({ last_result: receipt({ message: 'old' }) });
    device.onStart = () => {
      device.setProgress({ step: 'fetch' });
      device.change();
      device.setProgress({ step: 'check' });
      device.change();
      device.setProgress({ step: 'apply', phase: 'installing' });
      device.change();
      device.setState({ last_result: receipt({ message: 'new' }) });
      return 'done';
    };
    const run = await runUnit(device.deps, ['fetch', 'apply'], show);
    expect(run).toMatchObject({ is: 'ended', result: 'done', receipt: { message: 'new' }, unit: 'pikit-update-apply.service' });
    expect(device.asked).toEqual(['start pikit-update-apply.service']);
    expect([...new Set(shown.map(({ step }) => step))]).toEqual(['fetch', 'apply']);
  });

  it('shows progress of which no unit tells', async () => {
    const device = cliDevice();
    let seen: (phase: string) => void = () => undefined;
    const shown = (phase: string): Promise<void> =>
      new Promise((resolve) => {
        seen = (other) => {
          if (other === phase) resolve();
        };
      });
    device.onStart = async (): Promise<JobResult> => {
      for (const phase of ['downloading', 'unpacking']) {
        const until = shown(phase);
        device.setProgress({ step: 'fetch', phase });
        await until;
      }
      return 'done';
    };
    const run = runUnit(device.deps, ['fetch'], ({ phase }) => {
      seen(phase);
    });
    expect(await run).toMatchObject({ is: 'ended', result: 'done' });
  });

  it('does not take an old receipt for a new one, and a new one of an earlier time is new', async () => {
    const device = cliDevice();
    device.setState({ last_result: receipt({ at: '2030-01-01T00:00:00.000Z' }) });
    device.onStart = () => 'failed';
    expect(await runUnit(device.deps, ['check'], recorder().show)).toMatchObject({ is: 'ended', result: 'failed', receipt: null });
    device.onStart = () => {
      device.setState({ last_result: receipt({ at: '2020-01-01T00:00:00.000Z' }) });
      return 'done';
    };
    expect(await runUnit(device.deps, ['check'], recorder().show)).toMatchObject({ receipt: { at: '2020-01-01T00:00:00.000Z' } });
  });

  it('listens no longer than it waits', async () => {
    const device = cliDevice();
    const { show, shown } = recorder();
    device.onStart = () => 'done';
    await runUnit(device.deps, ['check'], show);
    device.onStart = () => {
      throw new UpdateError('SYSTEMD_UNAVAILABLE', 'no bus');
    };
    await expect(runUnit(device.deps, ['check'], show)).rejects.toMatchObject({ code: 'SYSTEMD_UNAVAILABLE' });
    device.setProgress({ step: 'check' });
    device.change();
    expect(shown).toEqual([]);
  });

  it('looks at the unit that failed: with a dependency, at the first', async () => {
    const device = cliDevice();
    device.onStart = () => 'dependency';
    device.looks.set('pikit-update-fetch.service', { result: 'exit-code', exitStatus: 75 });
    expect(await runUnit(device.deps, ['fetch', 'apply'], recorder().show)).toMatchObject({
      unit: 'pikit-update-fetch.service',
      look: { exitStatus: 75 },
    });
  });

  it('leaves at Ctrl-C, and the unit goes on', async () => {
    const device = cliDevice();
    device.onStart = () => new Promise<JobResult>(() => undefined);
    const run = runUnit(device.deps, ['fetch', 'apply'], recorder().show);
    device.interrupt();
    expect(await run).toEqual({ is: 'interrupted' });
    expect(device.asked).toEqual(['start pikit-update-apply.service']);
  });

  it('waits for the rollback of an apply that was killed', async () => {
    const device = cliDevice();
    const { files } = device.deps;
    const killed = stepBegun(null, stepStart('apply'));
    device.onStart = () => {
      files.writeRunRecord(killed);
      device.looks.set('pikit-update-apply.service', { invocation: 'apply-1', result: 'signal' });
      device.looks.set('pikit-update-gate@rollback.service', { active: true });
      return 'failed';
    };
    let over = false;
    const run = runUnit(device.deps, ['fetch', 'apply'], recorder().show).finally(() => (over = true));
    const turn = () => new Promise(setImmediate);
    await turn();
    device.looks.delete('pikit-update-gate@rollback.service');
    const back = stepBegun(killed, stepStart('rollback', { token: { run: 'apply-1', until: 'rollback', by: 'apply' } }));
    files.writeRunRecord(back);
    device.change();
    await turn();
    expect(over).toBe(false);
    const undone = { at: NOW, outcome: 'rolled-back', code: null, message: 'so', hint: null, version: null } as const;
    files.writeRunRecord(stepEnded(back, 'rollback-1', undone));
    device.setState({ last_result: receipt({ step: 'rollback', outcome: 'rolled-back' }) });
    device.change();
    expect(await run).toMatchObject({ is: 'ended', result: 'failed', receipt: { step: 'rollback' } });
  });

  it('passes on what makes a start impossible', async () => {
    const device = cliDevice();
    device.onStart = () => Promise.reject(new Error('no bus'));
    await expect(runUnit(device.deps, ['check'], recorder().show)).rejects.toThrow('no bus');
  });

  it('does not wait for a run of others that was in its way', async () => {
    const device = cliDevice();
    device.onStart = () => {
      device.deps.files.writeRunRecord(stepBegun(null, stepStart('check')));
      return 'dependency';
    };
    expect(await runUnit(device.deps, ['fetch', 'apply'], recorder().show)).toMatchObject({ is: 'ended', receipt: null });
  });
});
