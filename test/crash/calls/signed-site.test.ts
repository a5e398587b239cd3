/**
 * kill -9 at the changing calls of what pikit-release does to the keys and signatures of a site. At any moment a device that has read
 * the site before, and one that comes new, finds all that is signed; the command, run again, ends well, and no key is lost.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { makeKey } from '../../../lib/release/keys/key-folder.ts';
import { verifySite } from '../../../lib/release/verify/verify.ts';
import { runLaterWithFault } from '../../helpers/crash.ts';
import type { Ran, ReleaseBench, Seen } from '../../helpers/signed-site.ts';
import { newDevice, readAsDevice, releaseBench } from '../../helpers/signed-site.ts';
import { removeDir, tempDir } from '../../helpers/tree.ts';
import { naming } from '../kill/kill.ts';
import { EXHAUSTIVE, atLeast } from '../plan.ts';

interface Act {
  line: string;
  /** What is done before, each a command. */
  before: readonly string[];
  /** What it says when it is run again after it had done everything: that, or it does it once more. */
  again?: RegExp;
  /** What follows, and clears what was left: where it is refused when it is run again. */
  then?: string;
  /** How many keys there are when it is over; those that were there among them. */
  keys: number;
  /** Whose key is another one then. */
  replaces?: string;
  /** What devices read, in place of the site. */
  served?: string;
  /** How many calls it makes at least. */
  calls: number;
}

const NOW = new Date('2026-11-20T10:00:00Z');
const PENDING = 'BASE/site-keys/tuf-pending/2.root.json';
const SIGNED = ['init --site SITE', 'build --site SITE --from BASE/tree --version 1.0.0'];
const UNSIGNED = ['init --site SITE --unsigned', 'build --site SITE --from BASE/tree --version 1.0.0'];

const ACTS: readonly Act[] = [
  { line: 'init --site SITE', before: [], again: /already/, then: 'refresh --site SITE', keys: 3, calls: 75 },
  { line: 'sign --site SITE', before: UNSIGNED, keys: 3, calls: 75 },
  { line: 'key add targets --new-key --site SITE', before: SIGNED, keys: 4, calls: 20 },
  { line: 'key rotate targets --site SITE', before: SIGNED, keys: 4, replaces: 'targets', calls: 20 },
  { line: 'key rotate targets targets --site SITE', before: SIGNED, again: /has no key 'targets'/, keys: 4, replaces: 'targets', calls: 20 },
  { line: 'key rotate online --site SITE', before: SIGNED, keys: 4, replaces: 'timestamp', calls: 20 },
  { line: 'key rotate root --site SITE', before: SIGNED, keys: 4, replaces: 'root', calls: 15 },
  {
    line: 'key revoke targets targets --site SITE',
    before: [...SIGNED, 'key add targets --new-key --site SITE'],
    again: /has no key 'targets'/,
    keys: 4,
    replaces: 'targets',
    calls: 15,
  },
  {
    line: `key sign ${PENDING} --keys BASE/other --site SITE`,
    before: [...SIGNED, 'key add root --key BASE/other/ada.pub.pem --threshold 2 --site SITE'],
    again: /cannot be read/,
    keys: 3,
    replaces: 'root',
    calls: 10,
  },
  { line: 'refresh --site SITE', before: SIGNED, keys: 3, calls: 10 },
  { line: 'branch add nightly --new-key --site SITE', before: SIGNED, again: /already/, then: 'branch hide nightly --site SITE', keys: 4, calls: 20 },
  {
    line: 'publish --site SITE --to BASE/live',
    before: [...SIGNED, 'publish --site SITE --to BASE/live', 'key rotate targets --site SITE', 'key rotate root --site SITE'],
    keys: 5,
    replaces: 'targets',
    served: 'live',
    calls: 20,
  },
];

let base = '';
const counts = { killed: 0 };

beforeAll(() => {
  base = tempDir();
});

afterAll(() => {
  removeDir(base);
  atLeast('signed site, killed', counts.killed, EXHAUSTIVE ? 400 : 80);
});

async function prepare(dir: string, { before }: Act): Promise<ReleaseBench> {
  const bench = releaseBench(dir, NOW);
  makeKey(join(dir, 'other'), 'ada', null);
  for (const line of before) await bench.done(line);
  return bench;
}

const servedIn = (dir: string, { served }: Act): string => join(dir, served ?? 'site');
const isSigned = (site: string): boolean => fs.existsSync(join(site, 'tuf'));

/** What a device has seen that has read the site; null where it is not signed. */
function look(site: string): Seen | null {
  return isSigned(site) ? readAsDevice(site, newDevice(site)).seen : null;
}

/** The names of the private keys with their bytes. */
function keysIn(dir: string): Map<string, string> {
  const folder = join(dir, 'site-keys');
  const names = fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => name.endsWith('.pem') && !name.endsWith('.pub.pem')) : [];
  return new Map(names.map((name) => [name, fs.readFileSync(join(folder, name), 'utf8')]));
}

function keysOf({ root }: Seen, role: string): string {
  const metadata: unknown = JSON.parse(root.toString());
  const at = ['signed', 'roles', role, 'keyids'].reduce<unknown>(
    (value, member) => (typeof value === 'object' && value !== null ? Reflect.get(value, member) : undefined),
    metadata,
  );
  return JSON.stringify(at);
}

/** Of devices that were there before, and new ones: what is signed is there, all of it. */
function assertServes(site: string, seen: Seen | null): void {
  if (!isSigned(site)) {
    assert.equal(seen, null, 'it is not signed any more');
    return;
  }
  if (seen !== null) readAsDevice(site, seen);
  look(site);
}

function assertEnds({ again }: Act, { code, out, err }: Ran): void {
  assert.ok(code === 0 || again?.test(err) === true, `run again, it ends with ${String(code)}:\n${out}${err}`);
}

async function assertDone(act: Act, dir: string, before: { seen: Seen | null; keys: ReadonlyMap<string, string> }): Promise<void> {
  const site = servedIn(dir, act);
  assert.deepEqual((await verifySite(site, undefined, { at: NOW })).problems, []);
  assertServes(site, before.seen);
  const end = look(site);
  assert.ok(end !== null, 'it is not signed');
  if (act.replaces !== undefined && before.seen !== null) assert.notEqual(keysOf(end, act.replaces), keysOf(before.seen, act.replaces));
  const keys = keysIn(dir);
  for (const [name, pem] of before.keys) assert.equal(keys.get(name), pem, `the key '${name}'`);
  // It does it once more, or is refused when the key is made, which the next one takes.
  const most = act.keys + (act.line.includes('--new-key') || (act.again === undefined && act.line.startsWith('key rotate')) ? 1 : 0);
  assert.ok(keys.size >= act.keys && keys.size <= most, `there are ${String(keys.size)} keys`);
  const left = fs.readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tmp(\/|$)/.test(name));
  assert.deepEqual(left, [], 'left over');
}

/** Kills at one call, and runs it again; false when there is no such call any more. */
async function killAt(act: Act, at: number, start: string, before: { seen: Seen | null; keys: ReadonlyMap<string, string> }): Promise<boolean> {
  const dir = join(base, 'copy');
  fs.cpSync(start, dir, { recursive: true });
  try {
    const bench = releaseBench(dir, NOW);
    const { hit, where, result } = await runLaterWithFault({ kind: 'die', at }, async () => await bench.run(act.line));
    await naming(`killed at call ${String(at)}, ${where}`, async () => {
      if (!hit) assert.equal(result?.code, 0, `${result?.out ?? ''}${result?.err ?? ''}`);
      assertServes(servedIn(dir, act), before.seen);
      assertEnds(act, await bench.run(act.line));
      if (act.then !== undefined) await bench.done(act.then);
      await assertDone(act, dir, before);
    });
    return hit;
  } finally {
    removeDir(dir);
  }
}

describe.each(ACTS)('$line', (act) => {
  it('leaves a site that devices accept wherever it is killed, and ends well when it is run again', async () => {
    const start = join(base, 'start');
    try {
      await prepare(start, act);
      const before = { seen: look(servedIn(start, act)), keys: keysIn(start) };
      let at = 1;
      while (await killAt(act, at, start, before)) {
        at += EXHAUSTIVE ? 1 : 5;
        counts.killed += 1;
      }
      atLeast(`signed site, ${act.line}, calls`, at, act.calls);
    } finally {
      removeDir(start);
    }
  });
});
