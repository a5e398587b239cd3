/**
 * A device on which every step has something to do: 2.0.0 is installed, its backup leads to 1.0.0, 3.0.0 is staged, and the
 * server has 4.0.0; for recover, the power failed in the middle of going from 2.0.0 to 3.0.0.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { removeDir } from '../../helpers/tree.ts';
import type { Files } from '../../unit/steps/published.ts';
import { published } from '../../unit/steps/published.ts';
import { copyTree } from '../kill/copy.ts';
import type { Ended, Point, Program } from '../kill/strace.ts';
import { stopAt, tracePoints } from '../kill/strace.ts';
import { STEPS, depsOn, stage } from '../model/device.ts';
import type { Release } from '../model/releases.ts';
import { F1_NEW } from '../model/releases.ts';
import { storyNamed } from '../model/stories.ts';

export const PROGRAMS = ['check', 'fetch', 'apply', 'rollback', 'recover'] as const;

const THIRD: Release = {
  version: '3.0.0',
  files: {
    ...F1_NEW.files,
    'pikit-web/index.html': '<script src=assets/app.js>3',
    'pikit-web/assets/app.js': 'three()',
    'pikit-web/third.css': '3 {}',
  },
};

const CONFIG = '/etc/pikit/update.toml';

/** Makes it in a folder that is not there yet; the server runs until the test ends. */
export async function busyDevice(root: string): Promise<void> {
  await storyNamed('rollback').start(root);
  await connect(root, '4.0.0');
  stage(root, THIRD);
}

/** As busyDevice(), without edits of the owner, and 3.0.0 has to be fetched: it is what the server has. */
export async function connectedDevice(root: string): Promise<void> {
  await storyNamed('apply').start(root);
  await STEPS.apply(depsOn(root));
  await connect(root, THIRD.version, THIRD);
}

/** Publishes a release for it. */
async function connect(root: string, version: string, release?: Release): Promise<void> {
  const { server, publish } = await published();
  await publish(version, release === undefined ? {} : { files: specsOf(release) });
  fs.writeFileSync(root + CONFIG, fs.readFileSync(root + CONFIG, 'utf8').replace('http://127.0.0.1:1/', server.url));
}

function specsOf({ files }: Release): Files {
  return Object.fromEntries(
    Object.entries(files).map(([path, file]) => {
      return [path, typeof file === 'string' ? file : { data: file.text, mode: Number.parseInt(file.mode ?? '0644', 8) }];
    }),
  );
}

/** Where a program is stopped: at its first word on disk, in the middle, and before its last one. */
export const OFFSETS = ['begun', 'midway', 'ending'] as const;
export type Offset = (typeof OFFSETS)[number];

/**
 * The calls, as they are labelled; of several the last for `ending`, the first otherwise. None of a name that writing down
 * the progress needs as well, as often as it takes time, before it.
 */
const STOPS: Readonly<Record<Program, Readonly<Record<Offset, RegExp>>>> = {
  check: { begun: /^rename .*\/source\/manifest\.json"$/, midway: /^unlink .*\/staged"$/, ending: /^fsync .*\/state\.json\.tmp>$/ },
  fetch: {
    begun: /^rename .*\/source\/manifest\.json"$/,
    midway: /^fchmod .*\/tree\.partial\/.*\/index\.html>$/,
    ending: /^fsync .*\/staged\.tmp>$/,
  },
  apply: { begun: /^rename .*\/journal\.json"$/, midway: /^rename .*\/pikit-web\/index\.html"$/, ending: /^fsync .*\/journal\.json\.tmp>$/ },
  rollback: { begun: /^rename .*\/journal\.json"$/, midway: /^rename .*\/pikit-api\.py"$/, ending: /^fsync .*\/journal\.json\.tmp>$/ },
  recover: { begun: /^rename .*\/journal\.json"$/, midway: /^rename .*\/index\.html"$/, ending: /^fsync .*\/state\.json\.tmp>$/ },
};

/** A program on a device of its own, and the calls at which it is stopped. */
export interface First {
  program: Program;
  /** The device before. */
  root: string;
  stops: Readonly<Record<Offset, Point>>;
}

/** Makes the device for one program, from the one of busyDevice(). */
export async function firstOn(program: Program, busy: string, root: string): Promise<First> {
  copyTree(busy, root);
  if (program === 'recover') await cutAt('apply', root, (await stopsOf('apply', root)).midway);
  return { program, root, stops: await stopsOf(program, root) };
}

async function stopsOf(program: Program, root: string): Promise<First['stops']> {
  const copy = `${root}.trace`;
  copyTree(root, copy);
  const { points, ended } = await tracePoints(program, copy);
  removeDir(copy);
  assert.equal(ended.code, 0, ended.text);
  const stop = (offset: Offset): Point => {
    const matches = ({ label }: Point): boolean => STOPS[program][offset].test(label);
    const point = offset === 'ending' ? points.findLast(matches) : points.find(matches);
    assert.ok(point !== undefined, `${program} makes no call like ${String(STOPS[program][offset])}`);
    return point;
  };
  return { begun: stop('begun'), midway: stop('midway'), ending: stop('ending') };
}

/** Runs a program that is killed right after one call. */
export async function cutAt(program: Program, root: string, point: Point): Promise<Ended> {
  return await stopAt(program, root, point, (pid) => {
    process.kill(pid, 'SIGKILL');
  });
}
