/**
 * What the owner chose, what is known, what was fetched, and what is said along the chain: plain files behind a schema. What is
 * trusted is damaged in test/crash/trust.
 */
import { devicePaths, tokenPath } from '../../../lib/core/device/paths.ts';
import type { Damage } from './damage.ts';
import { jsonDamages, linesDamages, tomlDamages, versionDamages } from './kinds.ts';
import { tryAgain } from '../../helpers/wish.ts';
import type { Meeting, Row } from './table.ts';
import { APPLY, CHECK, FETCH, PLAN, RECOVERIES, ROLLBACK, STATUS, at, seldom, silently } from './table.ts';

const LIB = '/var/lib/pikit-update';
const PRIVATE = '/var/lib/pikit';
const CACHE = '/var/cache/pikit-update';

/** A part of a configuration may be one, another letter another one. */
const CONFIGURED = { ill: ['CONFIG_INVALID 1.1.0', 'CONFIG_MISSING 1.1.0'], maybe: ['CONFIG_INVALID 1.1.0'] } as const;

/** The address with one letter changed may be that of another server. */
function isOtherAddress({ content }: Damage, good: Buffer): boolean {
  if (content.is !== 'bytes' || content.bytes.length !== good.length) return false;
  const from = good.indexOf('http://');
  const changed = good.findIndex((byte, index) => byte !== content.bytes[index]);
  return changed >= from && changed < good.indexOf('"', from);
}

/** It is hashed and copied like any file that is replaced, which takes long. */
function isHuge({ content }: Damage): boolean {
  return content.is === 'hole' && content.size > 1024 ** 3;
}

/** Its digest is known from elsewhere: the same in other words is not the same. */
function digested(good: Buffer): Damage[] {
  return jsonDamages(good).map((damage) =>
    damage.content.is === 'bytes' && damage.content.bytes.equals(good) ? damage : { ...damage, passes: 'no' },
  );
}

function token(step: 'fetch' | 'apply' | 'rollback', meetings: readonly Meeting[]): Row {
  return {
    name: `token for ${step}`,
    path: at(tokenPath(devicePaths('/'), 'granted', step)),
    good: `${JSON.stringify({ run: 'run-1', until: step, by: 'timer' }, null, 2)}\n`,
    damages: jsonDamages,
    called: new RegExp(`granted/${step}`),
    bytes: 'derived',
    meetings,
  };
}

export const KNOWLEDGE: readonly Row[] = [
  {
    name: 'state.json',
    path: at(`${LIB}/state.json`),
    damages: jsonDamages,
    called: /state\.json/,
    bytes: 'kept',
    meetings: [STATUS, ...RECOVERIES.slice(0, 1), ...[CHECK, FETCH, APPLY, ROLLBACK, ...RECOVERIES.slice(1)].map(seldom)],
  },
  // Where nothing is available, versions are compared.
  {
    name: 'state.json when there is nothing newer',
    path: at(`${LIB}/state.json`),
    damages: jsonDamages,
    called: /state\.json/,
    bytes: 'kept',
    meetings: [{ ...STATUS, phase: 'up-to-date', well: 'shown 2.0.0' }],
  },
  {
    name: 'settings.json',
    path: at(`${LIB}/settings.json`),
    damages: jsonDamages,
    called: /settings\.json/,
    bytes: 'kept',
    meetings: [STATUS, CHECK, FETCH],
  },
  {
    name: 'held.json',
    path: at(`${PRIVATE}/held.json`),
    damages: jsonDamages,
    called: /held\.json/,
    bytes: 'kept',
    meetings: [...RECOVERIES, ...[APPLY, ROLLBACK].map(seldom)],
  },
  {
    name: 'staged',
    path: at(`${LIB}/staged`),
    damages: jsonDamages,
    called: /staged/,
    bytes: 'derived',
    meetings: [
      CHECK,
      { ...FETCH, ill: ['ok 1.1.0'], maybe: ['ok 1.1.0'] },
      { ...APPLY, ill: ['nothing 1.1.0'], maybe: ['nothing 1.1.0', 'STAGED_INVALID 1.1.0'] },
      { ...PLAN, silent: true },
    ],
  },
  {
    name: 'manifest of what is staged',
    path: at(`${CACHE}/2.0.0/manifest.json`),
    damages: digested,
    isSealed: true,
    called: /2\.0\.0\/manifest\.json/,
    bytes: 'derived',
    meetings: [{ ...APPLY, ill: ['STAGED_INVALID 1.1.0'] }],
  },
  {
    name: 'manifest in the cache',
    path: at(`${CACHE}/source/manifest.json`),
    damages: digested,
    isSealed: true,
    called: /source\/manifest\.json/,
    bytes: 'derived',
    meetings: [silently(CHECK), silently(seldom(FETCH)), { ...PLAN, ill: ['RELEASE_CHANGED 1.1.0'] }],
  },
  {
    name: 'what is known of it',
    path: at(`${CACHE}/source/manifest.json.meta`),
    damages: jsonDamages,
    called: /manifest\.json\.meta/,
    bytes: 'derived',
    meetings: [silently(CHECK), silently(FETCH)],
  },
  {
    name: 'version',
    path: at('/etc/pikit/version'),
    damages: versionDamages,
    called: /etc\/pikit\/version/,
    bytes: 'derived',
    meetings: [
      STATUS,
      { ...CHECK, maybe: ['nothing 1.1.0'] },
      FETCH,
      { ...APPLY, ill: ['ok 2.0.0', 'DEST_TYPE 1.1.0'], maybe: ['nothing 1.1.0'], spares: isHuge },
      // It goes by the list and the backup, and makes a version file of its own. Three GiB of old bytes take it long.
      { ...ROLLBACK, ill: ['ok 1.0.0', 'DEST_TYPE 1.1.0'], silent: true, spares: isHuge },
    ],
  },
  {
    name: 'update.toml',
    path: at('/etc/pikit/update.toml'),
    damages: tomlDamages,
    called: /update\.toml/,
    bytes: 'kept',
    meetings: [
      { ...CHECK, ...CONFIGURED, spares: isOtherAddress },
      { ...FETCH, ...CONFIGURED, spares: isOtherAddress },
      { ...APPLY, ...CONFIGURED },
      { ...ROLLBACK, ...CONFIGURED },
    ],
  },
  {
    name: 'progress.json',
    path: at('/run/pikit-update/progress.json'),
    damages: jsonDamages,
    called: /progress/,
    bytes: 'derived',
    meetings: [silently(STATUS)],
  },
  {
    name: 'run.json',
    path: at('/run/pikit-update/run.json'),
    damages: jsonDamages,
    called: /run\.json/,
    bytes: 'derived',
    meetings: [silently(STATUS), silently(seldom(CHECK)), silently(seldom(APPLY))],
  },
  {
    name: 'timings.json',
    path: at(`${LIB}/timings.json`),
    damages: jsonDamages,
    called: /timings\.json/,
    bytes: 'derived',
    meetings: [silently(STATUS), CHECK],
  },
  // Root never believes it: it is made anew from what root keeps to itself.
  {
    name: 'published.json',
    path: at(`${LIB}/published.json`),
    damages: jsonDamages,
    called: /published\.json/,
    bytes: 'derived',
    meetings: [...RECOVERIES.slice(0, 1).map((meeting) => ({ ...meeting, every: 8 })), ...[APPLY, ROLLBACK, ...RECOVERIES.slice(1)].map(seldom)],
  },
  token('fetch', [FETCH]),
  token('apply', [APPLY]),
  // It says that systemd started it: the owner has not asked to leave a release that was installed.
  token('rollback', [
    { ...ROLLBACK, well: 'nothing 1.1.0' },
    { ...ROLLBACK, phase: 'committed', well: 'nothing 2.0.0', ill: ['nothing 2.0.0', 'ok 2.0.0'] },
  ]),
  {
    name: 'wanted',
    path: at('/run/pikit-update/orders/wanted'),
    good: `${JSON.stringify(tryAgain(new Date(), '1.5.0'), null, 2)}\n`,
    damages: jsonDamages,
    called: /wanted/,
    bytes: 'derived',
    meetings: [CHECK],
  },
  {
    name: 'history.jsonl',
    path: at(`${PRIVATE}/history.jsonl`),
    damages: linesDamages,
    called: /history/,
    bytes: 'kept-in-front',
    meetings: [{ program: 'history', well: 'shown 1.1.0' }, ...RECOVERIES.slice(3, 4), ...RECOVERIES.slice(1).map(seldom)],
  },
];
