/** Every row of branch-rows.ts as a real check of a real device against a real web server. */
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UpdateError } from '../../../lib/core/errors.ts';
import type { State } from '../../../lib/core/state.ts';
import { check } from '../../../lib/steps/check.ts';
import { writeBranches } from '../../helpers/branch-files.ts';
import type { Device } from '../../helpers/device.ts';
import { netDeps } from '../../helpers/device.ts';
import { matching } from '../../helpers/matchers.ts';
import type { Row } from './branch-rows.ts';
import { ROWS } from './branch-rows.ts';
import { publishOn } from './branched.ts';
import type { Published } from './published.ts';
import { onSite } from './published.ts';
import { status } from './site-server.ts';

const VERSIONS: Readonly<Record<string, string>> = { stable: '1.1.0', beta: '1.2.0-beta.1' };

const SAID: Readonly<Record<string, RegExp>> = {
  disabled: /^info: the branch 'beta' is disabled: using stable until it is enabled again$/,
  removed: /^notice: the branch 'beta' was removed: this device follows stable now$/,
  'not-listed': /^info: the branch 'beta' is not in the last known list of branches: using stable; it stays chosen$/,
  'no-list': /^info: there is no list of branches here: using stable; 'beta' stays chosen$/,
  'list-failed': /^warning: 'http:.*\/branches\.json' answered HTTP 500 for the list of branches, ignoring: the branches are those last known$/,
};

type Scene = Published & { on: Device };

/** The device as the row finds it: the list was seen as the row has it, unless it never was. */
async function scene(row: Row): Promise<Scene> {
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
  for (const path of ['/manifest.json', '/manifest_beta.json']) breakPath(at, path, MANIFEST_ANSWERS[row.manifest] ?? null);
  at.server.seen.length = 0;
  return at;
}

const LIST_ANSWERS: Readonly<Record<string, number>> = { missing: 404, failing: 500, 'never-there': 404, 'never-reached': 500 };
const MANIFEST_ANSWERS: Readonly<Record<string, number>> = { missing: 404, failing: 500 };

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
  it('has a row for every combination, and no two for one', () => {
    const flags = ['enabled', 'disabled'].flatMap((a) => ['visible', 'hidden'].flatMap((b) => ['linux', 'other'].map((c) => `${a} ${b} ${c}`)));
    const known = ['there', 'missing', 'failing'];
    const never = ['never-there', 'never-reached'];
    const wanted = [
      ...[...known, ...never].map((list) => ['stable', 'enabled visible linux', list]),
      ...[...flags, 'absent'].flatMap((entry) => known.map((list) => ['beta', entry, list])),
      ...never.map((list) => ['beta', 'unknown', list]),
    ].flatMap((row) => ['there', 'missing', 'failing'].map((manifest) => [...row, manifest].join(' | ')));
    expect(ROWS.map(({ selected, entry, list, manifest }) => [selected, entry, list, manifest].join(' | ')).toSorted()).toEqual(wanted.toSorted());
    expect(new Set(ROWS.map(({ name }) => name)).size).toBe(ROWS.length);
  });

  it.each(ROWS)('$name', async (row) => {
    const at = await scene(row);
    const { on } = at;
    const before = on.files.readState();
    const deps = netDeps(on);
    expect(await endOf(check(deps))).toBe(row.ends);

    const manifests = row.used === '-' ? [] : [row.used === 'stable' ? '/manifest.json' : `/manifest_${row.used}.json`];
    expect(asked(at)).toEqual(['/branches.json', ...manifests]);
    expect(on.files.readSettings().branch).toBe(row.setting);
    const patterns = row.said === '-' ? [] : row.said.split(' ').map((key) => SAID[key]);
    expect(deps.said).toEqual(patterns.map((pattern) => matching(pattern ?? '')));
    expect(on.files.readState().notices.map(({ id }) => id)).toEqual(row.notice === '-' ? [] : [row.notice]);
    expect(on.files.readState()).toMatchObject(knownAfter(row, before));
  });

  it.each(ROWS.filter(({ used, selected }) => used === 'stable' && selected === 'beta'))(
    'and nothing more happens the second time: $name',
    async (row) => {
      const { on } = await scene(row);
      await endOf(check(netDeps(on)));
      const after = { state: on.files.readState(), settings: on.files.readSettings() };
      await endOf(check(netDeps(on)));
      expect({ state: on.files.readState(), settings: on.files.readSettings() }).toEqual(after);
    },
  );
});

/** What is on offer is of the branch that is used, or nothing; without an answer about that, as before. */
function knownAfter(row: Row, before: State): object {
  if (row.used === '-') return before;
  const version = VERSIONS[row.used] ?? '';
  if (row.ends === 'ok')
    return { branch: row.used, latest: version, available: { version, branch: row.used, outcome: 'available', downgrade: false } };
  return { branch: row.used, available: row.used === 'stable' ? before.available : null };
}
