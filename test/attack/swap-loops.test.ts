/**
 * Root installs, goes back, recovers and checks while the user of the network steps puts links, pipes, folders and garbage in the
 * place of every file that it may write, as fast as it can. The device is on exactly one release after each round, nothing that a
 * link leads to is read or changed, and nothing of root's moves.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { toUpdateError } from '../../lib/core/errors.ts';
import { apply } from '../../lib/steps/apply.ts';
import { check } from '../../lib/steps/check.ts';
import { fetchRelease } from '../../lib/steps/fetch.ts';
import { recoverStep } from '../../lib/steps/recover.ts';
import { rollback } from '../../lib/steps/rollback.ts';
import { readInstalled } from '../../lib/transaction/change/installed.ts';
import { planChange } from '../../lib/transaction/plan/plan.ts';
import { startApplying, open } from '../../lib/transaction/transaction.ts';
import type { Device } from '../helpers/device.ts';
import { NOW, netDeps, rootDeps, stepDeps } from '../helpers/device.ts';
import { UPDATER, disturbing } from '../helpers/other-users.ts';
import { shareFolders } from '../helpers/shared-folders.ts';
import { snapshot } from '../helpers/tree.ts';
import { removal } from '../unit/steps/changes.ts';
import { onSite } from '../unit/steps/published.ts';

const ROUNDS = 200;
const PLACES = ['/var/www', '/usr/local', '/etc'];
const SECRETS = '/elsewhere';

/** Not of the whole device: what is disturbed goes away under the one who looks. */
const places = (on: Device): unknown => PLACES.map((place) => snapshot(on.at(place)));

interface Ground {
  on: Device;
  old: unknown;
  /** 1.1.0 as it was downloaded, put back in its place. */
  stage: () => void;
  /** What was disturbed, how often; and that nothing of root's was moved by it. */
  done: () => number;
}

async function ground(): Promise<Ground> {
  const { on } = await onSite(['1.0.0', '1.1.0']);
  await fetchRelease(netDeps(on));
  const staged = on.files.readStaged();
  if (staged === null) throw new Error('nothing is staged');
  const { stateDir, runDir, cacheDir, orders, next, granted, settings } = on.paths;
  const template = on.at('/template');
  fs.renameSync(`${cacheDir}/1.1.0`, template);
  fs.mkdirSync(on.at(SECRETS), { mode: 0o755 });
  fs.writeFileSync(on.at(`${SECRETS}/rollback`), 'secret', { mode: 0o600 });
  on.files.writeSettings(on.files.readSettings());
  shareFolders(on.root, on.paths);
  execFileSync('chown', ['-R', '--no-dereference', `${String(UPDATER)}:${String(UPDATER)}`, template, cacheDir]);
  const roots = (): unknown => [
    fs.readFileSync(settings, 'utf8'),
    snapshot(on.at(SECRETS)),
    ...[orders, next, granted, settings].map((path) => [fs.lstatSync(path).uid, fs.lstatSync(path).mode, fs.lstatSync(path).ino]),
  ];
  const files = ['state.json', 'state.json.tmp', 'staged', 'staged.tmp', 'timings.json', 'published.json.tmp', 'settings.json.tmp'];
  const tokens = ['fetch', 'apply', 'rollback'].flatMap((name) => [`${next}/${name}`, `${granted}/${name}`]);
  /** As fetch leaves it; again where it was exchanged before it was whole. */
  const marked = (tries = 100): void => {
    try {
      on.files.writeStaged(staged);
    } catch (error) {
      if (tries === 0) throw error;
      marked(tries - 1);
    }
  };
  const worker = await disturbing(on.at(SECRETS), [
    ...files.map((name) => `${stateDir}/${name}`),
    ...['progress.json', 'progress.json.tmp', 'run.json', 'retry', 'wanted', 'confirmed.json'].map((name) => `${runDir}/${name}`),
    ...tokens,
    // These are root's, and it may try.
    ...[settings, orders, next, granted, `${orders}/wanted`, `${orders}/next/rollback`, `${orders}/granted/rollback`],
  ]);
  const before = roots();
  return {
    on,
    old: places(on),
    stage: () => {
      execFileSync('rm', ['-rf', `${cacheDir}/1.1.0`]);
      execFileSync('cp', ['-a', template, `${cacheDir}/1.1.0`]);
      marked();
    },
    done: () => {
      // The settings are not written anew here, and with the same inode they are still the same file.
      expect(roots()).toEqual(before);
      return worker.count();
    },
  };
}

async function outcomeOf(step: Promise<{ outcome: string }>): Promise<string> {
  try {
    return (await step).outcome;
  } catch (error) {
    return toUpdateError(error).code;
  }
}

function counted(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

describe.skipIf(process.geteuid?.() !== 0)('files of the network steps that are something else all the time', () => {
  it(`keep no rollback from happening, and let nothing else in, in ${String(ROUNDS)} rounds of apply and of rollback`, async () => {
    const { on, old, stage, done } = await ground();
    const counts: Record<string, number> = {};
    let young: unknown = null;
    for (let installed = 0, round = 0; installed < ROUNDS && round < 20 * ROUNDS; round += 1) {
      stage();
      counted(counts, `apply ${await outcomeOf(apply(rootDeps(on)))}`);
      expect(fs.existsSync(on.paths.journal)).toBe(false);
      if (on.files.readVersion() === '1.0.0') {
        expect(places(on)).toEqual(old);
        continue;
      }
      young ??= places(on);
      expect(places(on)).toEqual(young);
      installed += 1;
      const back = await outcomeOf(rollback(rootDeps(on)));
      counted(counts, `rollback ${back}`);
      expect(back).toBe('ok');
      expect(fs.existsSync(on.paths.journal)).toBe(false);
      expect(places(on)).toEqual(old);
    }
    console.log(`apply and rollback: ${JSON.stringify(counts)}, ${String(done())} disturbances`);
    expect(counts['rollback ok']).toBe(ROUNDS);
    expect(done()).toBeGreaterThan(0);
  });

  it(`keep no transaction open, in ${String(ROUNDS)} rounds of recover`, async () => {
    const { on, old, done } = await ground();
    for (let round = 0; round < ROUNDS; round += 1) {
      const { place } = stepDeps(on);
      const installed = readInstalled(place);
      const about = { kind: 'apply', from: '1.0.0', to: '1.1.0', branch: 'stable', now: NOW, backup: null } as const;
      startApplying(place, open(place, about, planChange(place, removal(installed)), installed));
      expect(await outcomeOf(recoverStep(stepDeps(on)))).toBe('rolled-back');
      expect(fs.existsSync(on.paths.journal)).toBe(false);
      expect(places(on)).toEqual(old);
      // All of this is synchronous: what the other has told is heard between two rounds.
      await setImmediate();
    }
    console.log(`recover: ${String(ROUNDS)} rounds, ${String(done())} disturbances`);
    expect(done()).toBeGreaterThan(0);
  });

  it(`change nothing of root's, in ${String(ROUNDS)} rounds of check by root's hand`, async () => {
    const { on, old, done } = await ground();
    const counts: Record<string, number> = {};
    for (let round = 0; round < ROUNDS; round += 1) counted(counts, await outcomeOf(check(netDeps(on))));
    // What was exchanged between two calls is told, and nothing else happens.
    expect(Object.keys(counts).filter((name) => !/^(?:ok|nothing|[A-Z_]+)$/.test(name))).toEqual([]);
    console.log(`check: ${JSON.stringify(counts)}, ${String(done())} disturbances`);
    expect(places(on)).toEqual(old);
    expect(counts['ok'] ?? 0).toBeGreaterThan(0);
    expect(done()).toBeGreaterThan(0);
  });
});
