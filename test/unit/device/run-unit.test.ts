import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runUnit } from '../../../lib/device/run-unit.ts';
import { UpdateError } from '../../../lib/core/errors.ts';
import type { Progress } from '../../../lib/core/state.ts';
import type { JobResult } from '../../../lib/io/unit-runner.ts';
import { cliDevice, receipt } from '../../helpers/cli-device.ts';

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
    const gate = 'pikit-update-gate@rollback.service';
    const rollback = 'pikit-update-rollback.service';
    device.onStart = () => {
      device.deps.files.leaveToken('rollback', { run: 'x', until: 'rollback', by: 'apply' });
      return 'failed';
    };
    let over = false;
    const run = runUnit(device.deps, ['fetch', 'apply'], recorder().show).finally(() => (over = true));
    const turn = () => new Promise(setImmediate);
    await turn();
    device.looks.set(gate, { active: true });
    fs.mkdirSync(`${device.deps.paths.orders}/granted`, { recursive: true });
    fs.renameSync(`${device.deps.paths.orders}/next/rollback`, `${device.deps.paths.orders}/granted/rollback`);
    device.change();
    await turn();
    device.looks.set(gate, { active: false });
    device.looks.set(rollback, { active: true });
    device.deps.files.takeToken('rollback');
    device.change();
    await turn();
    expect(over).toBe(false);
    device.setState({ last_result: receipt({ step: 'rollback', outcome: 'rolled-back' }) });
    device.looks.set(rollback, { active: false });
    device.change();
    expect(await run).toMatchObject({ is: 'ended', result: 'failed', receipt: { step: 'rollback' } });
  });

  it('passes on what makes a start impossible', async () => {
    const device = cliDevice();
    device.onStart = () => Promise.reject(new Error('no bus'));
    await expect(runUnit(device.deps, ['check'], recorder().show)).rejects.toThrow('no bus');
  });
});
