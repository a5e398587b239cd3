/**
 * Each file of the trust state damaged in every way, on a device that has followed three new roots. The root that the owner gave is
 * told by its code, and mended by the command that the hint names. What was verified by it is mended by the next steps, without a
 * word to the owner; until then, nothing older counts.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { devicePaths } from '../../../lib/core/device/paths.ts';
import { trustShown } from '../../../lib/device/trust-show.ts';
import { check } from '../../../lib/steps/check.ts';
import { removeTree } from '../../../lib/transaction/files/durable.ts';
import { removeDir, tempDir } from '../../helpers/tree.ts';
import { testKey } from '../../helpers/tuf-keys.ts';
import { tufRepository } from '../../helpers/tuf-repository.ts';
import type { Content } from '../corrupt/damage.ts';
import { place } from '../corrupt/damage.ts';
import { copyTree } from '../kill/copy.ts';
import { naming } from '../kill/kill.ts';
import { NOW, STEPS, stage } from '../model/device.ts';
import { EXHAUSTIVE, atLeast } from '../plan.ts';
import type { Ground } from './ground.ts';
import { NEWEST, RENEWED, makeDevice, makeGround } from './ground.ts';
import type { Course } from './judge.ts';
import { assertForward, assertRefused, assertTold, failureOf, trustOf } from './judge.ts';
import { giveRoot, sceneNamed, takeRoot } from './scenes.ts';
import { PLACES, sightOf } from './sight.ts';

interface Damage {
  name: string;
  /** Null: it is not there any more. */
  content: Content | null;
}

const bytes = (name: string, content: Buffer | string): Damage => ({ name, content: { is: 'bytes', bytes: Buffer.from(content) } });

function flipped(good: Buffer, at: number): Damage {
  const copy = Buffer.from(good);
  copy[at] = (copy[at] ?? 0) ^ (1 << (at % 8));
  return bytes(`bit ${String(at % 8)} of byte ${String(at)} flipped`, copy);
}

/** `others`: whole files of the same kind. `places`: how many cuts and flips, evenly spread. */
function damagesOf(good: Buffer, others: readonly Damage[], places: number): Damage[] {
  const spread = Array.from({ length: places }, (_, index) => Math.floor(((index + 0.5) * good.length) / places));
  return [
    { name: 'missing', content: null },
    bytes('empty', ''),
    bytes('all zeros', Buffer.alloc(good.length)),
    bytes('other JSON', '{"signed":{"_type":"root","version":99},"signatures":[]}'),
    bytes('trailing garbage', Buffer.concat([good, Buffer.from('}')])),
    { name: 'a directory', content: { is: 'directory' } },
    { name: 'a link to nothing', content: { is: 'link', to: 'not-there' } },
    { name: 'a pipe', content: { is: 'pipe' } },
    { name: 'a hole of 3 GiB', content: { is: 'hole', size: 3 * 1024 ** 3 } },
    ...spread.map((length) => bytes(`cut to ${String(length)} bytes`, good.subarray(0, length))),
    ...spread.map((at) => flipped(good, at)),
    ...others,
  ];
}

let base = '';
let ground: Ground;
let course: Course;
const start = (): string => join(base, 'start');
const counts = { given: 0, verified: 0 };

beforeAll(async () => {
  base = tempDir();
  ground = makeGround(join(base, 'sites'), RENEWED);
  await makeDevice(start(), ground);
  await check(ground.networkOn(start(), 'young'));
  stage(start(), NEWEST);
  await STEPS.apply(ground.stepsOn(start()));
  const end = trustOf(start(), ground);
  course = { scene: sceneNamed('check-three-roots'), ground, before: end, end };
});

afterAll(() => {
  removeDir(base);
  atLeast('trust, the root of the owner damaged', counts.given, EXHAUSTIVE ? 400 : 74);
  atLeast('trust, what was verified damaged', counts.verified, EXHAUSTIVE ? 250 : 70);
});

/** Damages a file of a copy of the device, and looks at what comes of it. */
async function onDamaged(path: string, { name, content }: Damage, act: (root: string) => Promise<void>): Promise<void> {
  const root = join(base, 'copy');
  copyTree(start(), root);
  try {
    removeTree(root + path);
    if (content !== null) place(root + path, content);
    await naming(`'${path}': ${name}`, async () => {
      await act(root);
    });
  } finally {
    removeDir(root);
  }
}

/** A root that holds by itself, whose keys the owner does not know. */
function otherRoots(): Damage[] {
  const keys = { root: [testKey('a stranger')] };
  return [bytes("another maker's root", tufRepository({ now: NOW, keys }).initialRoot)];
}

describe('damage to the root that the owner gave', () => {
  it('is told by its code, installs nothing, and is mended by the command that is named', async () => {
    const { trustRoot } = devicePaths('/');
    const good = fs.readFileSync(start() + trustRoot);
    for (const damage of damagesOf(good, otherRoots(), EXHAUSTIVE ? 200 : 32)) {
      await onDamaged(trustRoot, damage, async (root) => {
        const failure = await failureOf(check(ground.networkOn(root, 'young')));
        if (failure.code === 'INTERNAL') {
          // A letter of a signature in capitals says the same.
          for (const one of PLACES) assert.deepEqual(sightOf(root, one), course.end.sights[one]);
          await assertTold(course, root);
          return;
        }
        assert.match(failure.code, /^(TRUST_INVALID|TRUST_DAMAGED|SIGNATURE_INVALID)$/, failure.message);
        assert.match(failure.hint ?? '', failure.code === 'SIGNATURE_INVALID' ? /ask the maintainer/ : /trust reset/);
        stage(root, NEWEST);
        assert.match((await failureOf(STEPS.apply(ground.stepsOn(root)))).code, /^(TRUST_INVALID|TRUST_DAMAGED|SIGNATURE_INVALID)$/);
        if (failure.code === 'TRUST_INVALID') assert.throws(() => trustShown(ground.stepsOn(root)), { code: 'TRUST_INVALID' });
        if (counts.given % (EXHAUSTIVE ? 1 : 4) !== 0) return;
        assert.deepEqual(await takeRoot(root, ground), []);
        await giveRoot(root, ground, 1);
        await assertTold(course, root);
      });
      counts.given += 1;
    }
  });
});

describe('damage to what was verified', () => {
  it('leads neither back nor to a dead end', async () => {
    const { trusted, trustCache } = devicePaths('/');
    let turn = 0;
    for (const dir of [trusted, trustCache]) {
      for (const name of fs.readdirSync(start() + dir)) {
        const path = join(dir, name);
        const older = join(ground.verified('older'), name);
        const others = fs.existsSync(older) ? [bytes('an older one', fs.readFileSync(older))] : [];
        const swapped = bytes('another role', fs.readFileSync(join(start() + dir, name === 'targets.json' ? 'snapshot.json' : 'targets.json')));
        const all = damagesOf(fs.readFileSync(start() + path), [...others, swapped], 2);
        for (const damage of all) {
          turn += 1;
          if (!EXHAUSTIVE && turn % 4 !== 0) continue;
          await onDamaged(path, damage, async (root) => {
            await assertRefused(course, root);
            await assertTold(course, root);
            if (turn % 8 === 0) await assertForward(course, root);
          });
          counts.verified += 1;
        }
      }
    }
  });

  it.each(PLACES)('of a whole folder (%s) leads neither back nor to a dead end', async (which) => {
    const { trusted, trustCache } = devicePaths('/');
    const path = which === 'root' ? trusted : trustCache;
    const damages: Damage[] = [
      { name: 'missing', content: null },
      { name: 'a directory with something else', content: { is: 'directory' } },
      { name: 'a link to nothing', content: { is: 'link', to: 'not-there' } },
      bytes('a file', basename(path)),
    ];
    for (const damage of damages) {
      await onDamaged(path, damage, async (root) => {
        await assertRefused(course, root);
        await assertTold(course, root);
        await assertForward(course, root);
      });
      counts.verified += 1;
    }
  });
});
