/**
 * kill -9, and errors of the disk, at every changing call of what pikit-release does to a live site. At any moment devices find
 * the list as it was or as it is to be, and on each branch a manifest with its bundle; where the manifest is the new one, all
 * of its single files are right. Run again, the command finishes, and the site is what it would have been at once.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { parseBranches } from '../../../lib/core/release/branches.ts';
import { manifestName } from '../../../lib/core/release/site-layout.ts';
import { addBranch, editBranches, removeBranches } from '../../../lib/release/site/site-branches.ts';
import { promoteRelease } from '../../../lib/release/builder/promote.ts';
import { manifestFiles, readIfThere, readManifest } from '../../../lib/release/site/site.ts';
import { siteFiles } from '../../../lib/release/site/site-files.ts';
import { verifySite } from '../../../lib/release/verify/verify.ts';
import { sha256 } from '../../helpers/archive-builder.ts';
import type { Fault, Run } from '../../helpers/crash.ts';
import { runWithFault } from '../../helpers/crash.ts';
import { dashboard, emptySite, release, writeTree } from '../../helpers/site-builder.ts';
import type { Snapshot } from '../../helpers/tree.ts';
import { linkTree, removeDir, snapshot, tempDir } from '../../helpers/tree.ts';
import { EXHAUSTIVE, atLeast } from '../plan.ts';

interface Act {
  name: string;
  /** Does all it does before it first waits, so that a fault can meet it anywhere. */
  act: (site: string) => unknown;
  /** What it says when it is run again after it had done everything. */
  again: 'done' | 'INPUT_REFUSED';
  calls: number;
}

const promote = (version: string, from: string, to: string) => (site: string) =>
  promoteRelease({ site, version, from, to, rolloutPercent: 20, released: new Date('2026-11-22T00:00:00Z') });

const ACTS: readonly Act[] = [
  { name: 'branch add', act: (site) => addBranch(site, 'test_1', { visible: false }), again: 'INPUT_REFUSED', calls: 4 },
  { name: 'branch disable', act: (site) => editBranches(site, ['beta'], { enabled: false }), again: 'done', calls: 4 },
  { name: 'branch remove', act: (site) => removeBranches(site, ['nightly']), again: 'INPUT_REFUSED', calls: 10 },
  { name: 'promote to stable', act: promote('1.1.0', 'beta', 'stable'), again: 'done', calls: 20 },
  { name: 'promote to a new branch', act: promote('1.1.0', 'beta', 'fresh'), again: 'done', calls: 15 },
];

let base = '';
let site = '';
let before: Snapshot = {};

beforeAll(async () => {
  base = tempDir();
  site = emptySite(base);
  for (const name of ['beta', 'nightly', 'fresh']) addBranch(site, name, {});
  const from = writeTree(join(base, 'tree'), { ...dashboard('one'), 'pikit-web/old.js': 'old' });
  await release({ site, from, version: '1.0.0' });
  await release({ site, from, version: '1.0.0', branch: 'nightly' });
  writeTree(from, { ...dashboard('two'), 'pikit-web/new.js': 'new' });
  fs.rmSync(join(from, 'pikit-web/old.js'));
  await release({ site, from, version: '1.1.0', branch: 'beta' });
  before = snapshot(site);
});

afterAll(() => {
  removeDir(base);
});

async function onCopy<T>(act: (site: string) => Promise<T>): Promise<T> {
  const copy = join(base, 'copy');
  linkTree(site, copy);
  try {
    return await act(copy);
  } finally {
    removeDir(copy);
  }
}

/** Every file that devices read is the one before, or the one after. */
function assertServes(dir: string, after: Snapshot): void {
  const now = snapshot(dir);
  const isOneOf = (path: string): void => {
    assert.ok(now[path] === before[path] || now[path] === after[path], `${path} is neither: ${String(now[path])}`);
  };
  isOneOf('/branches.json');
  for (const path of Object.keys({ ...before, ...after })) if (/^\/(manifest|bundles)/.test(path)) isOneOf(path);
  for (const { name } of parseBranches(fs.readFileSync(join(dir, 'branches.json')))) {
    const manifest = `/${manifestName(name)}`;
    assert.ok(now[manifest] !== undefined || before[manifest] === undefined, `${name} is listed, and its manifest is gone`);
  }
  for (const { branch, name } of manifestFiles(dir)) {
    const files = siteFiles(branch, readManifest(dir, name).files);
    const isNew = before[`/${name}`] !== after[`/${name}`] && now[`/${name}`] === after[`/${name}`];
    for (const file of files) {
      const bytes = readIfThere(join(dir, file.at));
      assert.ok(bytes !== null, `${file.at} is missing`);
      if (isNew) assert.equal(sha256(bytes), file.sha256, file.at);
      else isOneOf(`/${file.at}`);
    }
  }
}

async function finish({ act, again }: Act, dir: string): Promise<void> {
  try {
    await act(dir);
  } catch (error) {
    assert.ok(error instanceof Error && 'code' in error && error.code === again, String(error));
  }
}

async function assertConverges(act: Act, dir: string, after: Snapshot): Promise<void> {
  await finish(act, dir);
  assert.deepEqual(snapshot(dir), after);
}

/** Copies, breaks, judges; answers with the fault's run. */
async function broken(act: Act, fault: Fault, after: Snapshot): Promise<Run<unknown>> {
  return await onCopy(async (dir) => {
    const run = runWithFault(fault, () => {
      const result = act.act(dir);
      if (result instanceof Promise) result.catch(() => undefined);
      return result;
    });
    assertServes(dir, after);
    if (run.hit) await assertConverges(act, dir, after);
    return run;
  });
}

describe.each(ACTS)('$name', (act) => {
  let after: Snapshot = {};

  beforeAll(async () => {
    after = await onCopy(async (dir) => {
      await act.act(dir);
      assert.deepEqual((await verifySite(dir)).problems, []);
      return snapshot(dir);
    });
  });

  async function atEach(fault: (at: number) => Fault): Promise<number> {
    for (let at = 1; ; at += 1) {
      try {
        if (!(await broken(act, fault(at), after)).hit) return at - 1;
      } catch (error) {
        throw new Error(`at call ${String(at)}`, { cause: error });
      }
    }
  }

  it('survives kill -9 at every call', async () => {
    atLeast(`site, ${act.name}, killed`, await atEach((at) => ({ kind: 'die', at })), act.calls);
  });

  it.each(['ENOSPC', 'EIO'] as const)('survives %s at every call, once and from then on', async (errno) => {
    let count = 0;
    for (const sticky of EXHAUSTIVE ? [false, true] : [true]) count += await atEach((at) => ({ kind: 'fail', at, errno, sticky }));
    atLeast(`site, ${act.name}, ${errno}`, count, Math.floor(act.calls / 2));
  });
});
