/**
 * The devices that meet damage: one at rest, with all that the owner and the updater have ever written on it, and the same
 * one as a power cut leaves it in each phase of an update and of a rollback. All made by the real steps.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { stepBegun, stepEnded } from '../../../lib/core/run/run-record.ts';
import { Settings } from '../../../lib/core/device/state.ts';
import { apply } from '../../../lib/steps/apply.ts';
import { check } from '../../../lib/steps/check.ts';
import { fetchRelease } from '../../../lib/steps/fetch.ts';
import { writePublicFacts } from '../../../lib/steps/outcome/write-public-facts.ts';
import { rollback } from '../../../lib/steps/rollback.ts';
import type { Device } from '../../helpers/device.ts';
import { NOW, netDeps, rootDeps } from '../../helpers/device.ts';
import { writeTree } from '../../helpers/tree.ts';
import type { Files } from '../../unit/steps/published.ts';
import { install, published } from '../../unit/steps/published.ts';
import { copyTree } from '../kill/copy.ts';
import { FOREIGN } from '../model/releases.ts';
import type { Change } from '../model/watch.ts';
import { watch } from '../model/watch.ts';

/** In which state a device meets the damage. */
export const PHASES = ['at-rest', 'preparing', 'applying', 'applied', 'committed', 'rolling-back', 'up-to-date'] as const;
export type Phase = (typeof PHASES)[number];

/** Installed before, installed now, and staged. */
const BEFORE = '1.0.0';
export const NOW_ON = '1.1.0';
export const STAGED = '2.0.0';
/** Failed here once. */
export const HELD = '1.5.0';

/** Small, because every byte of what is written about it is damaged once; with every kind of change all the same. */
const RELEASES: Readonly<Record<string, Files>> = {
  [BEFORE]: release(BEFORE, { 'pikit-web/gone.txt': 'only before' }),
  [NOW_ON]: release(NOW_ON, { 'pikit-web/lang/de.json': '{}' }),
  [STAGED]: release(STAGED, { 'pikit-web/new/app.js': 'fresh()' }),
};

function release(version: string, more: Files): Files {
  return {
    'pikit-web/index.html': `<title>${version}</title>`,
    ...more,
  };
}

/** The owner's own, and what is kept for later. */
function live(on: Device): void {
  writeTree(on.root, FOREIGN);
  on.files.writeSettings(Settings.parse({ auto: 'install', time: '05:10', skipped_version: '1.9.0' }));
  const at = NOW.toISOString();
  const held = [{ version: HELD, reason: 'failed' as const, code: 'PROBE_FAILED', message: 'it did not answer', at, attempts: 1 }];
  on.files.writeHeld({ schema: 1, versions: held });
  on.files.writeState({ ...on.files.readState(), held });
  on.files.writeProgress({
    step: 'fetch',
    phase: 'downloading',
    version: STAGED,
    percent: 45,
    bytes: 45,
    total_bytes: 100,
    rate_bytes_per_s: 10,
    can_cancel: true,
    pid: process.pid,
    invocation: 'run-1',
    started: at,
    updated: at,
  });
  on.files.writeTimings({ schema: 1, check: [900], fetch: [12_000] });
  const began = {
    step: 'check' as const,
    invocation: 'run-1',
    pid: process.pid,
    at: NOW,
    byTimer: false,
    token: null,
    auto: 'check' as const,
    begun: null,
  };
  const checked = { at: NOW, outcome: 'ok' as const, code: null, message: 'there is one', hint: null, version: STAGED };
  on.files.writeRunRecord(stepEnded(stepBegun(null, began), 'run-1', checked));
  writePublicFacts(rootDeps(on), 'apply', null);
}

/** Services first: a file that is cut short must never reach for the systemd of the machine that runs the test. */
function configure(on: Device, url: string): void {
  writeTree(on.root, {
    '/etc/pikit/update.toml': `[services]
manager = "none"
restart = ["pikit-api.service"]
[source]
type = "static"
url = "${url}"
[limits]
retries = 0
# the owner's words
`,
  });
}

/** The device at rest, in the folder of `on`. */
export async function makeAtRest(on: Device): Promise<void> {
  const { server, publish } = await published();
  configure(on, server.url);
  for (const version of [BEFORE, NOW_ON, STAGED]) {
    await publish(version, { files: RELEASES[version] ?? {} });
    await check(netDeps(on));
    if (version === STAGED) await fetchRelease(netDeps(on));
    else await install(on);
  }
  live(on);
  assert.equal(on.files.readStaged()?.version, STAGED);
  assert.equal(on.files.readVersion(), NOW_ON);
}

interface Cut {
  step: typeof apply | typeof rollback;
  /** Null: when it has ended. */
  at: ((change: Change, on: Device) => boolean) | null;
}

const isPhase = (on: Device, phase: string): boolean =>
  fs.existsSync(on.paths.journal) && fs.readFileSync(on.paths.journal, 'utf8').includes(`"phase":"${phase}"`);
const renames = (change: Change, path: string): boolean => change.is === 'rename' && change.to === path;

/** The last moment of preparing, half a swap, all of it, half a sweep, half a swap back, and the end. */
const CUTS: Readonly<Record<Exclude<Phase, 'at-rest'>, Cut>> = {
  preparing: {
    step: apply,
    at: (change) => change.is === 'link' && change.path === '/var/www/pikit-web/lang/de.json' && change.to.includes('.pikit-'),
  },
  applying: { step: apply, at: (change) => renames(change, '/var/www/pikit-web/index.html') },
  applied: {
    step: apply,
    at: (change, on) => change.is === 'unlink' && change.path === '/var/www/pikit-web/lang/de.json' && isPhase(on, 'applying'),
  },
  committed: { step: apply, at: (change, on) => change.is === 'unlink' && change.path.includes('.pikit-') && isPhase(on, 'committed') },
  'rolling-back': { step: rollback, at: (change) => renames(change, '/var/www/pikit-web/index.html') },
  'up-to-date': { step: apply, at: null },
};

/** A copy of the device as it was at one moment of a step: what is left when the power goes then. */
export async function cut(on: Device, phase: Exclude<Phase, 'at-rest'>, to: string): Promise<void> {
  const { step, at } = CUTS[phase];
  let isTaken = false;
  const take = (): void => {
    isTaken = true;
    copyTree(on.root, to);
  };
  const stop = watch(on.root, (change) => {
    if (!isTaken && at?.(change, on) === true) take();
  });
  try {
    await step(rootDeps(on));
  } finally {
    stop();
  }
  if (at === null) take();
  assert.ok(isTaken, `there is no moment '${phase}'`);
}
