/** The oracle: what has to be true of the trust of a device after any power cut, and of what it does next. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { devicePaths } from '../../../lib/core/device/paths.ts';
import type { TrustFloor } from '../../../lib/core/device/public-facts.ts';
import { UpdateError, toUpdateError } from '../../../lib/core/errors.ts';
import { check } from '../../../lib/steps/check.ts';
import { readFloor } from '../../../lib/steps/trust/trust-floor.ts';
import { STEPS, stage } from '../model/device.ts';
import type { Ground } from './ground.ts';
import { NEWEST, dropCache, forgeCache } from './ground.ts';
import type { Scene } from './scenes.ts';
import { giveRoot, takeRoot } from './scenes.ts';
import type { Place, Role, Sight } from './sight.ts';
import { PLACES, sightFrom, sightOf } from './sight.ts';

/** All that decides whom a device trusts, and how far it has come. */
export interface Trust {
  /** What the owner gave. */
  given: Buffer | null;
  sights: Readonly<Record<Place, Sight | null>>;
  floor: TrustFloor | null;
}

export function trustOf(root: string, ground: Ground): Trust {
  const { trustRoot } = devicePaths(root);
  const given = fs.existsSync(trustRoot) ? fs.readFileSync(trustRoot) : null;
  return { given, sights: { cache: sightOf(root, 'cache'), root: sightOf(root, 'root') }, floor: readFloor(ground.stepsOn(root)) };
}

export interface Course {
  scene: Scene;
  ground: Ground;
  /** Before the scene, and after it. */
  before: Trust;
  end: Trust;
}

interface Cut {
  /** The scene had come to its end. */
  isOver: boolean;
  /** A check had begun after it, which asks the source as it is now. */
  isNext: boolean;
  /** What an attacker can try when all is well again is tried, too. */
  isWhole: boolean;
}

/** Throws unless the device is where it was or where it was going, refuses what was replaced, and is told the truth by what comes next. */
export async function judge(course: Course, root: string, { isOver, isNext, isWhole }: Cut): Promise<void> {
  const { scene, ground, before, end } = course;
  await STEPS.recover(ground.stepsOn(root));
  const now = trustOf(root, ground);
  if (isOver) assert.deepEqual(now, end, 'it had ended, and was forgotten');
  if (scene.is === 'resets') await assertReset(course, root, now);
  else {
    const isEither = [before.given, end.given].some((bytes) => (bytes === null ? now.given === null : now.given?.equals(bytes) === true));
    assert.ok(isEither, 'the trusted root is neither the one before nor the one that was given');
    for (const place of PLACES) assertBetween(course, place, now.sights[place], isNext);
    assertFloor(course, now.floor);
    if (before.given !== null) await assertRefused(course, root);
  }
  if (scene.is !== 'follows') await giveRoot(root, ground, scene.is === 'gives' && before.given !== null ? 2 : 1);
  await assertTold(course, root);
  if (isWhole) await assertForward(course, root);
}

/** What the source has now, as a device has it that has verified all of it. */
function newestOf({ roots, verified }: Ground): Sight {
  return sightFrom(roots.get(roots.size) ?? Buffer.alloc(0), verified('young'));
}

/** A root that the source had, its very keys, and of each role the version before or the one after. */
function assertBetween({ scene, ground, before, end }: Course, place: Place, sight: Sight | null, isNext: boolean): void {
  const to = end.sights[place];
  const from = before.sights[place] ?? to;
  if (sight === null || from === null || to === null) {
    assert.ok(sight === null && before.given === null, `${place}: nothing is trusted any more`);
    return;
  }
  const worlds = [from.versions, to.versions, ...(isNext && place === 'cache' ? [newestOf(ground).versions] : [])];
  const { root } = sight.versions;
  const isOnTheWay = root !== null && root >= (from.versions.root ?? 0) && worlds.some((world) => root <= (world.root ?? 0));
  assert.ok(isOnTheWay, `${place}: root ${String(root)}`);
  const bytes = ground.roots.get(root);
  assert.ok(bytes !== undefined);
  assert.equal(sight.keys, sightFrom(bytes, '/nowhere').keys, `${place}: the keys of root ${String(root)}`);
  // Below a key that was taken away nothing counts, and below a new timestamp nothing that it does not name.
  let mayBeGone = root > (from.versions.root ?? 0) && (scene.is === 'follows' || isNext);
  for (const role of ['timestamp', 'snapshot', 'targets'] as const satisfies readonly Role[]) {
    const version = sight.versions[role];
    const isKnown = worlds.some((world) => version === world[role]);
    assert.ok(isKnown || (version === null && mayBeGone), `${place}: ${role} ${String(version)} under root ${String(root)}`);
    mayBeGone ||= version !== from.versions[role];
  }
}

/** As it was, or as it is to be. */
function assertFloor({ before, end }: Course, floor: TrustFloor | null): void {
  assert.ok(
    [before.floor, end.floor].some((one) => JSON.stringify(one) === JSON.stringify(floor)),
    `the floor is ${JSON.stringify(floor)}`,
  );
}

const REFUSALS = /^(METADATA_ROLLBACK|SIGNATURE_INVALID|SIGNATURE_MISSING|TRUST_DAMAGED)$/;

/** What was signed before is refused by check, and changes nothing of what is trusted. */
export async function assertRefused({ ground }: Course, root: string): Promise<void> {
  const before = trustOf(root, ground);
  const failure = await failureOf(check(ground.networkOn(root, 'older')));
  assert.match(failure.code, REFUSALS, `an older site: ${failure.message}`);
  const after = trustOf(root, ground);
  assert.deepEqual({ ...after.sights, floor: after.floor }, { ...before.sights, floor: before.floor }, 'an older site has changed what is trusted');
}

/** The source as it is now leads to the end, for the network steps and for root. */
export async function assertTold({ ground }: Course, root: string): Promise<void> {
  await check(ground.networkOn(root, 'young'));
  stage(root, NEWEST);
  await STEPS.apply(ground.stepsOn(root));
  const { versions } = sightOf(root, 'root') ?? {};
  assert.deepEqual(versions, sightOf(root, 'cache')?.versions, 'root and the network steps trust different versions');
  const newest = newestOf(ground);
  assert.deepEqual(versions, newest.versions, 'it is not told the truth');
  const floor = readFloor(ground.stepsOn(root));
  assert.deepEqual([floor?.root, floor?.timestamp], [newest.versions.root, newest.versions.timestamp], 'the floor after that');
}

/** Nothing older counts from then on, whatever has become of the cache. */
export async function assertForward(course: Course, root: string): Promise<void> {
  const { ground } = course;
  dropCache(root);
  await assertRefused(course, root);
  forgeCache(root, ground, 'older');
  const refused = await failureOf(STEPS.apply(ground.stepsOn(root)));
  assert.match(refused.code, REFUSALS, `an older release, installed by root: ${refused.message}`);
}

/** Signed as before, or neither that nor unsigned until it is done: every step names the command then, and the command ends well. */
async function assertReset({ ground, before }: Course, root: string, now: Trust): Promise<void> {
  if (now.given !== null) {
    assert.deepEqual(now, before, 'the root is trusted still, and less is known of it');
  } else if (now.floor !== null || hasVerified(root)) {
    const { code, hint } = await failureOf(check(ground.networkOn(root, 'young')));
    assert.equal(code, 'TRUST_INVALID');
    assert.match(hint ?? '', /trust reset/);
  } else {
    await check(ground.networkOn(root, 'young'));
  }
  assert.deepEqual(await takeRoot(root, ground), [], 'it cannot be reset');
  assert.deepEqual(trustOf(root, ground), { given: null, sights: { cache: null, root: null }, floor: null });
}

function hasVerified(root: string): boolean {
  const { trusted } = devicePaths(root);
  return fs.existsSync(trusted) && fs.readdirSync(trusted).length > 0;
}

/** INTERNAL for what did not fail. */
export async function failureOf(step: Promise<unknown>): Promise<UpdateError> {
  return await step.then(
    () => new UpdateError('INTERNAL', 'it did not fail'),
    (error: unknown) => toUpdateError(error),
  );
}
