import { expect, it } from 'vitest';
import { runAndTell } from '../../../lib/cli/run-command.ts';
import type { JobResult } from '../../../lib/io/systemd/unit-runner.ts';
import { cliDevice, receipt } from '../../helpers/cli-device.ts';

const check = { steps: ['check'], json: false, what: 'the check' } as const;

it('tells what a run wrote down, then what the command adds', async () => {
  const device = cliDevice();
  device.onStart = () => {
    device.setState({ last_result: receipt({ message: 'up to date' }) });
    return 'done';
  };
  const seen: unknown[] = [];
  const done = await runAndTell(device.deps, { ...check, after: (written) => seen.push(written?.message) });
  expect(done).toMatchObject({ exit: 0, json: { result: { message: 'up to date' } } });
  expect(seen).toEqual(['up to date']);
  expect(device.printed()).toEqual({ out: 'up to date\n', err: '' });
});

it('says so when a run left nothing', async () => {
  const device = cliDevice();
  expect(await runAndTell(device.deps, check)).toEqual({ exit: 0, json: { result: null } });
  expect(device.printed().out).toBe('the check finished without a result\n');
});

it.each([
  [75, 75],
  [1, 1],
])('a unit that exits with %i makes it %i', async (exitStatus, exit) => {
  const device = cliDevice();
  device.onStart = () => 'failed';
  device.looks.set('pikit-update-check.service', { result: 'exit-code', exitStatus });
  expect(await runAndTell(device.deps, check)).toMatchObject({ exit, json: { result: null, error: { code: exit === 75 ? 'BUSY' : 'STEP_FAILED' } } });
  expect(device.printed()).toMatchObject({ out: '' });
});

it('is 130 after Ctrl-C', async () => {
  const device = cliDevice();
  device.onStart = () => new Promise<JobResult>(() => undefined);
  const done = runAndTell(device.deps, check);
  device.interrupt();
  expect(await done).toEqual({ exit: 130, json: { interrupted: true } });
});
