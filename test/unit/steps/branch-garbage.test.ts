/** Lists of branches that are garbage: nothing of that sort takes a device off its branch, or a good list out of its cache. */
import fs from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import type { Branch } from '../../../lib/core/release/branches.ts';
import { parseBranches } from '../../../lib/core/release/branches.ts';
import { branchesText } from '../../../lib/cli/branch-text.ts';
import { decideBranch } from '../../../lib/core/offer/branch-choice.ts';
import { UpdateError } from '../../../lib/core/errors.ts';
import { check } from '../../../lib/steps/check.ts';
import { branchSite } from '../../helpers/branch-site.ts';
import { device, netDeps, temporary } from '../../helpers/device.ts';

const GOOD = JSON.stringify([
  { name: 'beta', display_name: 'Beta 🧪 تجريبي', description: 'Semi-stable', enabled: true, visible: true, linux: true },
  { name: 'test_1234', display_name: 'Test, Issue #1234', visible: false },
]);

/** The same numbers in every run. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % sides;
  };
}

const PIECES = [
  '"',
  '[',
  ']',
  '{',
  '}',
  ',',
  ':',
  'null',
  'false',
  '\u0000',
  '\u001b[2J',
  '\u202e',
  '__proto__',
  'stable',
  '\\u0000',
  '\\ud800',
  '1e999',
  ' ',
];

/** The good list with a few bytes changed, taken out, doubled or put in. */
function garbage(roll: (sides: number) => number): Buffer {
  let bytes = Buffer.from(GOOD);
  for (let left = 1 + roll(3); left > 0; left -= 1) {
    const at = roll(bytes.length);
    const to = Math.min(bytes.length, at + 1 + roll(12));
    const into = [
      () => Buffer.from([roll(256)]),
      () => Buffer.alloc(0),
      () => Buffer.concat([bytes.subarray(at, to), bytes.subarray(at, to)]),
      () => Buffer.from(PIECES[roll(PIECES.length)] ?? ''),
    ][roll(4)];
    bytes = Buffer.concat([bytes.subarray(0, at), into?.() ?? Buffer.alloc(0), bytes.subarray(to)]);
  }
  return roll(20) === 0 ? bytes.subarray(0, roll(bytes.length)) : bytes;
}

function parsed(bytes: Buffer): Branch[] | null {
  try {
    return parseBranches(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(UpdateError);
    return null;
  }
}

it('keeps branch and list through 400 of them, unless the list is good and the branch is not in it', async () => {
  const site = branchSite(temporary());
  await site.build('1.0.0');
  await site.build('1.1.0-beta.1', 'beta');
  const on = device({ url: pathToFileURL(site.dir).href });
  const list = join(site.dir, 'branches.json');
  const cached = join(on.paths.cacheDir, 'source/branches.json');
  const roll = dice(4);
  const seen = { refused: 0, kept: 0, removed: 0 };
  for (let n = 0; n < 400; n += 1) {
    fs.writeFileSync(list, GOOD);
    on.files.writeSettings({ ...on.files.readSettings(), branch: 'beta' });
    on.files.writeState({ ...on.files.readState(), notices: [] });
    await check(netDeps(on));
    const bytes = garbage(roll);
    fs.writeFileSync(list, bytes);
    const deps = netDeps(on);
    await check(deps);

    const branches = parsed(bytes);
    const choice = decideBranch({
      selected: 'beta',
      list: branches ?? parseBranches(Buffer.from(GOOD)),
      answer: branches === null ? 'failed' : 'list',
    });
    seen[branches === null ? 'refused' : choice.why === 'removed' ? 'removed' : 'kept'] += 1;
    const shown = bytes.toString('latin1');
    expect(on.files.readSettings().branch, shown).toBe(choice.setting);
    expect(on.files.readState().branch, shown).toBe(choice.used);
    expect(on.files.readState().notices, shown).toHaveLength(choice.notice === null ? 0 : 1);
    expect(fs.readFileSync(cached).equals(branches === null ? Buffer.from(GOOD) : bytes), shown).toBe(true);
    // What is said of it goes to a terminal and a journal.
    const known = (branches ?? []).map((branch) => ({ ...branch, selected: false, used: false, version: null }));
    const text = branchesText({ choice, branches: known, listed: true }, []) + deps.said.join('');
    expect(text.replaceAll('\n', ''), shown).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
  }
  for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(0);
});
