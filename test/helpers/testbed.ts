/**
 * The test bed of the system tests: Raspberry Pis with the dashboard and our package, as containers that boot systemd.
 *
 * Set up once per test run: missing tools are installed, Docker's engine is started, the images are built.
 * Everything is kept between runs, so a second one takes seconds. A machine that cannot do it gets its suites skipped with the reason,
 * or, with CI=true, a failed run. A Dockerfile or package that does not build fails the run everywhere.
 */
import { randomUUID } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import type { TestProject } from 'vitest/node';
import { BedProblem, deviceTools, installTools } from './bed-debian.ts';
import { ensureEngine, type StopEngine } from './bed-engine.ts';
import { buildDeviceImage, type DeviceImage, devicePackage } from './bed-images.ts';
import { must } from './bed-run.ts';
import { setup as setupBrowser } from './webbed.ts';

/** What tests need to know of the bed. */
export interface Testbed {
  /** Names this test run in the label of its containers. */
  readonly run: string;
  /** The folder of the host that a container gets as /sys/fs/cgroup. */
  readonly cgroup: string;
  /** Why devices with this image cannot run here and what to do about it; null when they can. */
  readonly problems: Readonly<Record<DeviceImage, string | null>>;
}

declare module 'vitest' {
  interface ProvidedContext {
    testbed: Testbed;
  }
}

/** On every container of a test run: `<pid of the run>/<unique>`. */
export const runLabel = 'pikit.test.run';

const thisRun = `${String(process.pid)}/${randomUUID()}`;
const cgroup2Magic = 0x63677270;

let stopEngine: StopEngine = () => Promise.resolve();
let engineReady = false;

/** Makes the machine ready to start devices, as far as it can. Never throws for what the machine lacks: that is in `problems`. */
export async function prepareTestbed(): Promise<Testbed> {
  const bed = { run: thisRun, cgroup: '' };
  try {
    await installTools(deviceTools);
    stopEngine = await ensureEngine();
    engineReady = true;
    const cgroup = await cgroupFolder();
    await removeContainers((run) => !isAlive(run));
    const packageFile = await devicePackage();
    const [trixie, bookworm] = await Promise.all([
      problemOf(buildDeviceImage('trixie', packageFile)),
      problemOf(buildDeviceImage('bookworm', packageFile)),
    ]);
    return { ...bed, cgroup, problems: { trixie, bookworm } };
  } catch (error) {
    if (!(error instanceof BedProblem)) {
      throw error;
    }
    return { ...bed, problems: { trixie: error.message, bookworm: error.message } };
  }
}

/** Vitest's global set-up. */
export async function setup(project: TestProject): Promise<void> {
  const bed = await prepareTestbed().catch(async (error: unknown) => {
    await teardown();
    throw error;
  });
  const reasons = [...new Set(Object.values(bed.problems))].filter((reason) => reason !== null);
  if (reasons.length > 0 && process.env.CI === 'true') {
    await teardown();
    throw new Error(`system tests cannot run here: ${reasons.join('; ')}`);
  }
  for (const reason of reasons) {
    console.warn(`test bed: system tests skipped: ${reason}`);
  }
  await setupBrowser();
  project.provide('testbed', bed);
}

/** Vitest's global tear-down: removes this run's containers, and ends the engine if it was started here and no other run uses it. */
export async function teardown(): Promise<void> {
  if (!engineReady) {
    return;
  }
  await removeContainers((run) => run === thisRun);
  if ((await must('docker', ['ps', '--quiet'])) === '') {
    await stopEngine();
  }
}

async function problemOf(work: Promise<void>): Promise<string | null> {
  try {
    await work;
    return null;
  } catch (error) {
    if (error instanceof BedProblem) {
      return error.message;
    }
    throw error;
  }
}

/** The version 2 hierarchy, alone: all that systemd wants, also on hosts that keep version 1 beside it, where systemd 257 would refuse to boot. */
async function cgroupFolder(): Promise<string> {
  for (const folder of ['/sys/fs/cgroup', '/sys/fs/cgroup/unified']) {
    const { type } = await statfs(folder).catch(() => ({ type: 0 }));
    if (type === cgroup2Magic) {
      return folder;
    }
  }
  throw new BedProblem('no cgroup version 2 hierarchy on this machine; boot it with systemd.unified_cgroup_hierarchy=1');
}

async function removeContainers(unwanted: (run: string) => boolean): Promise<void> {
  const list = await must('docker', ['ps', '--all', '--filter', `label=${runLabel}`, '--format', `{{.ID}} {{.Label "${runLabel}"}}`]);
  const ids = list
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([id, run]) => (id !== undefined && run !== undefined && unwanted(run) ? [id] : []));
  if (ids.length > 0) {
    await must('docker', ['rm', '--force', '--volumes', ...ids]);
  }
}

function isAlive(run: string): boolean {
  try {
    process.kill(Number.parseInt(run, 10), 0);
    return true;
  } catch (error) {
    // Another user's process is alive too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
