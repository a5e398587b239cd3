import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { terminateStep } from '../../../../lib/io/folder-units/step-process.ts';
import { temporary } from '../../../helpers/device.ts';

/** A process that waits to be stopped, and what it says of itself. */
async function step(started = new Date()): Promise<{ pid: number; report: string; ended: Promise<unknown> }> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const ended = once(child, 'exit');
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  const report = join(temporary(), 'progress.json');
  const at = started.toISOString();
  const nothing = { version: null, percent: null, bytes: null, total_bytes: null, rate_bytes_per_s: null, invocation: null };
  fs.writeFileSync(report, JSON.stringify({ ...nothing, step: 'fetch', phase: 'x', can_cancel: true, pid, started: at, updated: at }));
  return { pid, report, ended };
}

it('ends the process that reports', async () => {
  const { pid, report, ended } = await step();
  terminateStep(report, pid);
  expect(await ended).toEqual([null, 'SIGTERM']);
});

it('sends nothing to a process that began after the step: its number was free again', async () => {
  const { pid, report } = await step(new Date(Date.now() - 60_000));
  const message = `process ${String(pid)}, which '${report}' names, began later than the step: nothing was stopped`;
  expect(() => {
    terminateStep(report, pid);
  }).toThrow(expect.objectContaining({ code: 'STEP_FAILED', message }));
  expect(process.kill(pid, 0)).toBe(true);
});

it('sends nothing to a process that the report does not name', async () => {
  const { report } = await step();
  expect(() => {
    terminateStep(report, process.pid);
  }).toThrow(/is not the one that reports/);
});

it.skipIf(process.getuid?.() !== 0)('sends nothing to a process of another user than the one who reports (needs root)', async () => {
  const { pid, report } = await step();
  fs.chownSync(report, 1234, 0);
  expect(() => {
    terminateStep(report, pid);
  }).toThrow(/belongs to another user/);
});
