/** The run object along real chains: the built steps, started by the units as they are, looked at whenever systemd would tell of a change. */
import fs from 'node:fs';
import { resolve } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Run } from '../../../lib/core/run/run.ts';
import type { ReaderDeps } from '../../../lib/device/deps.ts';
import { readRun } from '../../../lib/device/run.ts';
import { freeSpace } from '../../../lib/io/disk.ts';
import { readConfig } from '../../../lib/io/state/config-file.ts';
import type { LocalUnits } from '../../../lib/io/folder-units/local-units.ts';
import { localUnitRunner } from '../../../lib/io/folder-units/local-units.ts';
import { transactionPaths } from '../../../lib/transaction/transaction-paths.ts';
import type { Device } from '../../helpers/device.ts';
import { onSite } from '../steps/published.ts';

const DIST = resolve(process.env['PIKIT_TEST_DIST'] ?? 'dist');

interface Watched {
  units: LocalUnits;
  /** All that was seen, in order, once each. */
  seen: Run[];
  settled: () => Promise<void>;
}

function watched(on: Device): Watched {
  for (const dir of [on.paths.next, on.paths.granted]) fs.mkdirSync(dir, { recursive: true });
  const seen: Run[] = [];
  const looks: Promise<void>[] = [];
  const look = async (): Promise<void> => {
    const run = await readRun(deps);
    if (run !== null && JSON.stringify(run.steps) !== JSON.stringify(seen.at(-1)?.steps)) seen.push(run);
  };
  const units = localUnitRunner({
    root: on.root,
    unitsDir: 'units',
    distDir: DIST,
    onEvent: () => looks.push(look()),
    onLine: () => looks.push(look()),
  });
  onTestFinished(() => units.abandon());
  const deps: ReaderDeps = {
    paths: on.paths,
    place: transactionPaths(on.paths),
    files: on.files,
    now: () => new Date(),
    loadConfig: () => readConfig(on.paths.config),
    freeSpace,
    units: () => Promise.resolve(units),
    isAlive: (pid) => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    },
    terminate: null,
    signal: new AbortController().signal,
  };
  return {
    units,
    seen,
    settled: async () => {
      await units.settled();
      await Promise.all(looks);
      await look();
    },
  };
}

const told = (runs: readonly Run[]): string[] =>
  runs.map(({ kind, state, steps }) => `${kind} ${state}: ${steps.map((step) => `${step.step} ${step.state}`).join(', ')}`);

it('is one run from the timer’s check to the end of the installation', async () => {
  const { on } = await onSite(['1.0.0', '1.1.0']);
  on.files.writeSettings({ ...on.files.readSettings(), auto: 'install' });
  const { units, seen, settled } = watched(on);
  await units.startFromTimer('pikit-update.timer');
  await settled();
  expect(seen.at(-1)).toMatchObject({ kind: 'update', by: 'timer', state: 'ended', outcome: 'ok', percent: 100 });
  expect(told(seen).at(-1)).toBe('update ended: check done, fetch done, apply done');
  // From its first step to its last it never ends, for any reader.
  expect(told(seen).filter((line) => line.includes('ended'))).toHaveLength(1);
  expect(new Set(seen.map(({ id, kind }) => `${id} ${kind}`))).toEqual(new Set([`${on.files.readRunRecord()?.steps[0]?.invocation ?? ''} update`]));
});

it('is one run from the start of an apply, with the installation waiting for the download', async () => {
  const { on } = await onSite(['1.0.0', '1.1.0']);
  const { units, seen, settled } = watched(on);
  await units.start('pikit-update-apply.service');
  await settled();
  // It is there before its first step.
  expect(told(seen).slice(0, 2)).toEqual(['update running: fetch waiting, apply waiting', 'update running: fetch running, apply waiting']);
  expect(told(seen).at(-1)).toBe('update ended: fetch done, apply done');
  expect(new Set(seen.map(({ kind, id }) => `${kind} ${id}`)).size).toBe(1);
});
