/**
 * Which branch a device uses, row by row, each a real check of a real device against a real web server: what the owner selected,
 * what the list says of beta (enabled, visible, for this platform; or `absent`), how the list can be had; and what comes of it.
 *
 * list      there; missing: 404 now, the last good one is known; failing: 500 now, the last good one is known;
 *           never-there: 404, now and ever; never-reached: 500, now and ever
 * used      whose manifest is asked for; `-` when none is
 * said      why the branch is not simply the one selected, and `list-failed` when the list is only the last known one
 *
 * With stable selected beta's entry changes nothing, and without any list there is none: those rows stand for all of theirs.
 * Each row ends well where the manifest is there. How it ends where it is not depends on what came of the row, not on the row:
 * each answer to the list with each outcome is tried with each ending.
 */
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UpdateError } from '../../../lib/core/errors.ts';
import type { State } from '../../../lib/core/device/state.ts';
import { check } from '../../../lib/steps/check.ts';
import { writeBranches } from '../../helpers/branch-files.ts';
import type { Device } from '../../helpers/device.ts';
import { netDeps } from '../../helpers/device.ts';
import { matching } from '../../helpers/matchers.ts';
import { publishOn } from './branched.ts';
import type { Published } from './published.ts';
import { onSite } from './published.ts';
import { status } from './site-server.ts';

const TABLE = `
selected | entry of beta          | list          | used   | setting | said                   | notice
stable   | enabled visible linux  | there         | stable | stable  | -                      | -
stable   | enabled visible linux  | missing       | stable | stable  | -                      | -
stable   | enabled visible linux  | failing       | stable | stable  | list-failed            | -
stable   | enabled visible linux  | never-there   | stable | stable  | -                      | -
stable   | enabled visible linux  | never-reached | stable | stable  | list-failed            | -
beta     | enabled visible linux  | there         | beta   | beta    | -                      | -
beta     | enabled visible linux  | missing       | beta   | beta    | -                      | -
beta     | enabled visible linux  | failing       | beta   | beta    | list-failed            | -
beta     | enabled visible other  | there         | stable | stable  | removed                | branch-removed:beta
beta     | enabled visible other  | missing       | stable | beta    | not-listed             | -
beta     | enabled visible other  | failing       | stable | beta    | not-listed list-failed | -
beta     | enabled hidden linux   | there         | beta   | beta    | -                      | -
beta     | enabled hidden linux   | missing       | beta   | beta    | -                      | -
beta     | enabled hidden linux   | failing       | beta   | beta    | list-failed            | -
beta     | enabled hidden other   | there         | stable | stable  | removed                | branch-removed:beta
beta     | enabled hidden other   | missing       | stable | beta    | not-listed             | -
beta     | enabled hidden other   | failing       | stable | beta    | not-listed list-failed | -
beta     | disabled visible linux | there         | stable | beta    | disabled               | -
beta     | disabled visible linux | missing       | stable | beta    | disabled               | -
beta     | disabled visible linux | failing       | stable | beta    | disabled list-failed   | -
beta     | disabled visible other | there         | stable | stable  | removed                | branch-removed:beta
beta     | disabled visible other | missing       | stable | beta    | not-listed             | -
beta     | disabled visible other | failing       | stable | beta    | not-listed list-failed | -
beta     | disabled hidden linux  | there         | stable | beta    | disabled               | -
beta     | disabled hidden linux  | missing       | stable | beta    | disabled               | -
beta     | disabled hidden linux  | failing       | stable | beta    | disabled list-failed   | -
beta     | disabled hidden other  | there         | stable | stable  | removed                | branch-removed:beta
beta     | disabled hidden other  | missing       | stable | beta    | not-listed             | -
beta     | disabled hidden other  | failing       | stable | beta    | not-listed list-failed | -
beta     | absent                 | there         | stable | stable  | removed                | branch-removed:beta
beta     | absent                 | missing       | stable | beta    | not-listed             | -
beta     | absent                 | failing       | stable | beta    | not-listed list-failed | -
beta     | unknown                | never-there   | stable | beta    | no-list                | -
beta     | unknown                | never-reached | -      | beta    | -                      | -
`;

type Row = Record<'selected' | 'entry' | 'list' | 'used' | 'setting' | 'said' | 'notice', string>;

const ROWS: readonly Row[] = TABLE.trim()
  .split('\n')
  .slice(1)
  .map((line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    const [selected = '', entry = '', list = '', used = '', setting = '', said = '', notice = ''] = cells;
    return { selected, entry, list, used, setting, said, notice };
  });

/** How the manifest of the branch that is used can be had: the status of its answer, and how the check ends. */
const ENDINGS = [
  { manifest: 'there', status: null, ends: 'ok' },
  { manifest: 'missing', status: 404, ends: 'NOT_FOUND' },
  { manifest: 'failing', status: 500, ends: 'SERVER_ERROR' },
] as const;
type Ending = (typeof ENDINGS)[number];

const nameOf = ({ selected, entry, list }: Row): string => `${selected}, beta ${entry}, list ${list}`;

/** Every row with the manifest there, and of the rows to which the same happens the first with the others. */
const CASES = ROWS.flatMap((row) => {
  const happens = (of: Row): string => JSON.stringify({ ...of, entry: null });
  const isFirst = ROWS.find((other) => happens(other) === happens(row)) === row;
  return ENDINGS.filter(({ manifest }) => manifest === 'there' || isFirst).map((ending) => ({
    name: `${nameOf(row)}, manifest ${ending.manifest}`,
    row,
    ending,
  }));
});

const VERSIONS: Readonly<Record<string, string>> = { stable: '1.1.0', beta: '1.2.0-beta.1' };

const SAID: Readonly<Record<string, RegExp>> = {
  disabled: /^info: the branch 'beta' is disabled: using stable until it is enabled again$/,
  removed: /^notice: the branch 'beta' was removed: this device now follows stable$/,
  'not-listed': /^info: the branch 'beta' is not in the last known list of branches: using stable; it stays chosen$/,
  'no-list': /^info: there is no list of branches here: using stable; 'beta' stays chosen$/,
  'list-failed':
    /^warning: failed to get the list of branches, using the last known one: 'http:.*\/branches\.json' answered HTTP 500 for the list of branches$/,
};

type Scene = Published & { on: Device };

/** The device as the row finds it: the list was seen as the row has it, unless it never was. */
async function scene(row: Row, ending: Ending): Promise<Scene> {
  const at = await onSite(['1.0.0', '1.1.0']);
  await publishOn(at, 'beta', '1.2.0-beta.1');
  const other = { name: 'nightly', enabled: true };
  const [enabled, visible, platform] = row.entry.split(' ');
  const beta = { name: 'beta', enabled: enabled === 'enabled', visible: visible === 'visible', linux: platform === 'linux' };
  writeBranches(at.site, row.entry === 'absent' ? [other] : [other, beta]);
  if (row.list.startsWith('never')) forgetList(at.on);
  else await check(netDeps(at.on));
  at.on.files.writeSettings({ ...at.on.files.readSettings(), branch: row.selected });
  breakPath(at, '/branches.json', LIST_ANSWERS[row.list] ?? null);
  for (const path of ['/manifest.json', '/manifest_beta.json']) breakPath(at, path, ending.status);
  at.server.seen.length = 0;
  return at;
}

const LIST_ANSWERS: Readonly<Record<string, number>> = { missing: 404, failing: 500, 'never-there': 404, 'never-reached': 500 };

function breakPath({ server }: Scene, path: string, code: number | null): void {
  if (code !== null) server.answer(path, status(code));
}

/** The installation of 1.0.0 has asked for it. */
function forgetList(on: Device): void {
  fs.rmSync(`${on.paths.cacheDir}/source/branches.json`);
}

async function endOf(run: Promise<unknown>): Promise<string> {
  return await run.then(
    () => 'ok',
    (error: unknown) => (error instanceof UpdateError ? error.code : String(error)),
  );
}

function asked({ server }: Scene): string[] {
  return server.paths().map((path) => path.split('?')[0] ?? '');
}

describe('the branch that is used', () => {
  it('has a row for every combination, and every outcome with every ending', () => {
    const flags = ['enabled', 'disabled'].flatMap((a) => ['visible', 'hidden'].flatMap((b) => ['linux', 'other'].map((c) => `${a} ${b} ${c}`)));
    const known = ['there', 'missing', 'failing'];
    const never = ['never-there', 'never-reached'];
    const wanted = [
      ...[...known, ...never].map((list) => ['stable', 'enabled visible linux', list]),
      ...[...flags, 'absent'].flatMap((entry) => known.map((list) => ['beta', entry, list])),
      ...never.map((list) => ['beta', 'unknown', list]),
    ].map((row) => row.join(' | '));
    expect(ROWS.map(({ selected, entry, list }) => [selected, entry, list].join(' | ')).toSorted()).toEqual(wanted.toSorted());
    // Stable has five answers to the list, beta three and two that never were; removed, not-listed and disabled have one, two and three.
    expect(CASES).toHaveLength(ROWS.length + 2 * 16);
  });

  it.each(CASES)('$name', async ({ row, ending }) => {
    const at = await scene(row, ending);
    const { on } = at;
    const before = on.files.readState();
    const deps = netDeps(on);
    const ends = row.used === '-' ? 'SERVER_ERROR' : ending.ends;
    expect(await endOf(check(deps))).toBe(ends);

    const manifests = row.used === '-' ? [] : [row.used === 'stable' ? '/manifest.json' : `/manifest_${row.used}.json`];
    expect(asked(at)).toEqual(['/branches.json', ...manifests]);
    expect(on.files.readSettings().branch).toBe(row.setting);
    // A list that could not be had is not worth a word beside a manifest that could not.
    const said = row.said.split(' ').filter((key) => key !== '-' && (key !== 'list-failed' || ends === 'ok'));
    expect(deps.said).toEqual(said.map((key) => matching(SAID[key] ?? '')));
    expect(on.files.readState().notices.map(({ id }) => id)).toEqual(row.notice === '-' ? [] : [row.notice]);
    expect(on.files.readState()).toMatchObject(knownAfter(row, ends, before));

    if (row.used !== 'stable' || row.selected !== 'beta') return;
    const after = { state: on.files.readState(), settings: on.files.readSettings() };
    await endOf(check(netDeps(on)));
    expect({ state: on.files.readState(), settings: on.files.readSettings() }, 'nothing more happens the second time').toEqual(after);
  });
});

/** What is on offer is of the branch that is used, or nothing; without an answer about that, as before. */
function knownAfter(row: Row, ends: string, before: State): object {
  if (row.used === '-') return before;
  const version = VERSIONS[row.used] ?? '';
  if (ends === 'ok') return { branch: row.used, latest: version, available: { version, branch: row.used, outcome: 'available', downgrade: false } };
  return { branch: row.used, available: row.used === 'stable' ? before.available : null };
}
