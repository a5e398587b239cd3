/** A device whose clock can be set, a site that it updates from, and another device with a right clock to compare it with. */
import assert from 'node:assert/strict';
import { onTestFinished } from 'vitest';
import { apply } from '../../../lib/steps/apply.ts';
import { fetchRelease } from '../../../lib/steps/fetch.ts';
import { readBackupIn, wholeBackups } from '../../../lib/transaction/change/backups.ts';
import { transactionPaths } from '../../../lib/transaction/transaction-paths.ts';
import type { Device, DeviceOptions, Ended, Running, Step } from '../../helpers/device.ts';
import { device, netDeps, rootDeps, run, start, temporary } from '../../helpers/device.ts';
import { writeTree } from '../../helpers/tree.ts';
import type { Published } from '../../unit/steps/published.ts';
import { published } from '../../unit/steps/published.ts';
import type { World } from '../kill/judge.ts';
import { foreignInodes, judge, worldOf } from '../kill/judge.ts';
import { FOREIGN } from '../model/releases.ts';
import type { Clock } from '../../helpers/faketime.ts';
import { forgetProcess, openClock } from '../../helpers/faketime.ts';

export interface Bed extends Published {
  on: Device;
  clock: Clock;
  /** What its pages are asked from now on. */
  configure: (health: readonly string[]) => void;
  begin: (step: Step, more?: Readonly<Record<string, string>>) => Running;
  /** Runs a built step, which has to end like this. */
  step: (step: Step, code: number) => Promise<Ended>;
  /** check, fetch and apply, which all have to work. */
  update: () => Promise<void>;
  /** What `pikit-update <command>` prints. */
  shown: (command: string) => Promise<string>;
  /**
   * Throws unless the device is on exactly this release, with this one backup (`from → to`), and with no step in its history
   * that took longer than anything here can.
   */
  assertOn: (version: string, backup: string) => void;
}

const CONFIG = '/etc/pikit/update.toml';
/** Nothing here takes longer, whatever the clock says. */
const LONGEST_MS = 10 * 60_000;

/** A device on 1.1.0, with a backup of 1.0.0. */
export async function openBed(options: DeviceOptions = {}, zone = 'UTC'): Promise<Bed> {
  const source = await published();
  const settings = { url: source.server.url, ...options };
  const [on, other] = [device(settings), device(settings)];
  for (const one of [on, other]) writeTree(one.root, FOREIGN);
  const clock = openClock(temporary());
  const env = { ...clock.env, TZ: zone };
  const foreign = foreignInodes(on.root);
  const worlds: World[] = [];
  const publish: Published['publish'] = async (version, more) => {
    await source.publish(version, more);
    await install(other);
    worlds.push(worldOf(other.root));
  };
  for (const version of ['1.0.0', '1.1.0']) {
    await publish(version);
    await install(on);
  }
  const bed: Bed = {
    ...source,
    publish,
    on,
    clock,
    configure: (health) => {
      for (const one of [on, other]) one.configure({ ...settings, health });
      const { [CONFIG]: described = '' } = worldOf(on.root).tree;
      for (const world of worlds) world.tree[CONFIG] = described;
    },
    begin: (step, more = {}) => {
      const running = start(step, on.root, { env: { ...env, ...more } });
      onTestFinished(() => {
        running.child.kill('SIGKILL');
        if (running.child.pid !== undefined) forgetProcess(running.child.pid);
      });
      return running;
    },
    step: async (step, code) => {
      const ended = await bed.begin(step).ended;
      assert.equal(ended.code, code, `${step} ended with ${String(ended.code)}:\n${ended.out}${ended.err}`);
      return ended;
    },
    update: async () => {
      for (const step of ['check', 'fetch', 'apply'] as const) await bed.step(step, 0);
    },
    shown: async (command) => {
      const { code, out, err } = await run('pikit-update', on.root, { args: [command], env });
      assert.equal(code, 0, err);
      assert.doesNotMatch(out, /NaN|Invalid|undefined/);
      return out;
    },
    assertOn: (version, backup) => {
      assert.equal(worlds[judge(on.root, worlds, foreign, null)]?.version, version);
      assert.deepEqual(backupsOf(on), [backup]);
      for (const { duration_ms: took } of on.files.readHistory())
        assert.ok(took === null || (took >= 0 && took < LONGEST_MS), `it took ${String(took)} ms`);
    },
  };
  return bed;
}

/** In this process, by the right clock, and without a look at its health. */
async function install(on: Device): Promise<void> {
  await fetchRelease(netDeps(on));
  const { outcome } = await apply(rootDeps(on, { probe: () => Promise.resolve() }));
  assert.equal(outcome, 'ok');
}

/** From where to where each backup leads back, the newest last. */
function backupsOf(on: Device): string[] {
  const place = transactionPaths(on.paths);
  return wholeBackups(place).map((folder) => {
    const read = readBackupIn(place, folder);
    return read.is === 'there' ? `${String(read.value.from)} → ${String(read.value.to)}` : read.is;
  });
}
