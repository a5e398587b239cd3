import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UpdateError } from '../../../lib/core/errors.ts';
import { Run } from '../../../lib/core/run.ts';
import { stepBegun, stepEnded } from '../../../lib/core/run-record.ts';
import { readRun } from '../../../lib/device/run.ts';
import type { CliDevice } from '../../helpers/cli-device.ts';
import { NOW, cliDevice, receipt } from '../../helpers/cli-device.ts';

const T0 = new Date(NOW.getTime() - 5000);

/** What a step leaves that has begun. */
function begin(device: CliDevice, step: 'check' | 'fetch' | 'apply'): void {
  const { files } = device.deps;
  const start = { step, invocation: `${step}-1`, pid: process.pid, at: T0, byTimer: step === 'check', token: null };
  files.writeRunRecord(stepBegun(files.readRunRecord(), start));
}

function end(device: CliDevice, invocation: string): void {
  const { files } = device.deps;
  const record = files.readRunRecord();
  if (record === null) throw new Error('no record');
  files.writeRunRecord(stepEnded(record, invocation, { at: T0, outcome: 'ok', code: null, message: 'so', hint: null, version: '1.4.0' }));
}

const active = (device: CliDevice, step: string): void => {
  device.looks.set(`pikit-update-${step}.service`, { active: true, invocation: `${step}-1` });
};

describe('readRun', () => {
  it('is nothing on a device that was just started', async () => {
    expect(await readRun(cliDevice().deps)).toBeNull();
  });

  it('puts together what the step wrote, what it reports, what is queued, and how long it took before', async () => {
    const device = cliDevice();
    begin(device, 'fetch');
    active(device, 'fetch');
    device.looks.set('pikit-update-apply.service', { waiting: true });
    device.setProgress({});
    device.deps.files.writeTimings({ schema: 1, check: [], fetch: [30_000] });
    device.deps.files.appendHistory(receipt({ duration_ms: 10_000 }));
    expect(Run.parse(await readRun(device.deps))).toMatchObject({
      id: 'fetch-1',
      kind: 'update',
      state: 'running',
      steps: [
        { step: 'fetch', state: 'running' },
        { step: 'apply', state: 'waiting' },
      ],
      phase: 'downloading',
      percent: 30,
      seconds_left: 16,
      can_cancel: true,
    });
  });

  it('is the same to everybody before the step has written anything', async () => {
    const device = cliDevice();
    active(device, 'check');
    const before = await readRun(device.deps);
    begin(device, 'check');
    expect([before?.id, (await readRun(device.deps))?.id]).toEqual(['check-1', 'check-1']);
  });

  it('goes on through the gate between two steps', async () => {
    const device = cliDevice();
    begin(device, 'check');
    end(device, 'check-1');
    expect(await readRun(device.deps)).toMatchObject({ kind: 'check', state: 'ended', percent: 100 });
    device.deps.files.leaveToken('fetch', { run: 'check-1', until: 'apply', by: 'timer' });
    device.looks.set('pikit-update-gate@fetch.service', { active: true });
    expect(await readRun(device.deps)).toMatchObject({
      kind: 'update',
      by: 'timer',
      state: 'running',
      steps: [{ state: 'done' }, { step: 'fetch', state: 'waiting' }],
    });
    fs.rmSync(`${device.deps.paths.next}/fetch`);
    expect(await readRun(device.deps)).toMatchObject({ kind: 'check', state: 'ended' });
  });

  it('works without systemd, by the process alone', async () => {
    const units = () => Promise.reject(new UpdateError('SYSTEMD_UNAVAILABLE', 'no bus'));
    for (const alive of [true, false]) {
      const device = cliDevice({ alive });
      begin(device, 'apply');
      expect(await readRun({ ...device.deps, units })).toMatchObject({ state: alive ? 'running' : 'ended', outcome: alive ? null : 'failed' });
    }
  });

  it('says what systemd knows of a step that was killed', async () => {
    const device = cliDevice();
    begin(device, 'apply');
    device.looks.set('pikit-update-apply.service', { invocation: 'apply-1', result: 'oom-kill' });
    expect(await readRun(device.deps)).toMatchObject({ code: 'STEP_FAILED', message: 'the last apply was ended: out of memory' });
  });

  it('does without the history where nobody may read it', async () => {
    const device = cliDevice();
    begin(device, 'check');
    const readHistory = (): never => {
      throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
    };
    expect(await readRun({ ...device.deps, files: { ...device.deps.files, readHistory } })).toMatchObject({ state: 'running' });
  });

  it('writes nothing', async () => {
    const device = cliDevice();
    begin(device, 'check');
    const tree = (): string[] => fs.readdirSync(device.root, { recursive: true, encoding: 'utf8' }).sort();
    const before = tree();
    await readRun(device.deps);
    expect(tree()).toEqual(before);
  });
});
