/** One program meets one damaged file: what it said, which release the device is on, and that nothing else was lost. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { dirname } from 'node:path';
import { writePublicFacts } from '../../../lib/steps/outcome/write-public-facts.ts';
import { removeTree } from '../../../lib/transaction/files/durable.ts';
import { stepDeps } from '../../helpers/device.ts';
import { judge, worldOf } from '../model/judge.ts';
import type { Bench } from './bench.ts';
import type { Damage } from './damage.ts';
import { holds, place } from './damage.ts';
import type { Meeting, Row } from './table.ts';
import type { Ended } from './run.ts';
import { isShown, run } from './run.ts';
import type { Phase } from './story.ts';
import { HELD, NOW_ON, STAGED } from './story.ts';

/** What a file holds on a device before it is damaged. */
export function goodOf(bench: Bench, row: Row, phase: Phase): Buffer {
  bench.load(phase);
  const path = row.path(bench.on);
  return fs.existsSync(path) ? fs.readFileSync(path) : Buffer.from(row.good ?? '');
}

/**
 * Damages the file, runs the program, and throws unless what came of it is in the table. The shelf is ready for the next device
 * afterwards.
 */
export async function meet(bench: Bench, row: Row, meeting: Meeting, damage: Damage, good: Buffer, start = run): Promise<void> {
  const { on, shelf } = bench;
  const phase = meeting.phase ?? 'at-rest';
  bench.load(phase);
  const path = row.path(on);
  removeTree(path);
  fs.mkdirSync(dirname(path), { recursive: true });
  place(path, damage.content);
  try {
    const ended = await start(meeting.program, on);
    assertSaid(row, meeting, damage, ended);
    assertKept(meeting.bytes ?? row.bytes, damage, path);
    mend(row, damage, path, good);
    const version = await versionAfter(bench, meeting, damage, row, path);
    assertEnd(meeting, damage, `${ended.code ?? ended.outcome} ${version}`, ended);
  } catch (error) {
    shelf.forget();
    throw error;
  }
}

/** What the step does about it: goes on, or puts the damaged file aside. */
const GOES_ON = /, ignoring\b|: ignoring '|; moved it to '.*' and |; treating it as missing$/;
const SPOKEN = /^(?:error|warning|result|notice|hint): /;

/** Damage that cannot be overlooked is told by its name, and a failure always has a code that means something. */
function assertSaid(row: Row, meeting: Meeting, damage: Damage, { code, said }: Ended): void {
  const text = said.join('\n');
  assert.ok(code !== 'INTERNAL' && code !== 'NONE', `a failure without a name:\n${text}`);
  const warnings = said.filter((line) => line.startsWith('warning: '));
  for (const warning of warnings) assert.match(warning, GOES_ON, 'a warning that does not say how it goes on');
  if (damage.passes === 'yes') assert.deepEqual(warnings, [], 'a warning about nothing');
  if (damage.passes !== 'no' || meeting.silent === true) return;
  const named = said.some((line) => SPOKEN.test(line) && row.called.test(line));
  assert.ok(named, `no program said what is damaged:\n${text}`);
}

function asideOf(path: string): string[] {
  return [`${path}.damaged`, `${dirname(path)}/journal.corrupt-1`];
}

/** What the owner chose, and what happened here, is not overwritten: perhaps the owner can still read it. */
function assertKept(rule: Row['bytes'], { content, passes }: Damage, path: string): void {
  if (passes !== 'no' && rule !== 'kept-in-front') return;
  if (rule === 'derived' || [path, ...asideOf(path)].some((place) => holds(place, content))) return;
  assert.ok(rule === 'kept-in-front' && content.is === 'bytes', 'the damaged file is lost');
  assert.ok(fs.readFileSync(path).subarray(0, content.bytes.length).equals(content.bytes), 'what could still be read is lost');
}

/** Takes the damage away, so that what is judged is all the rest. */
function mend(row: Row, { content }: Damage, path: string, good: Buffer): void {
  const found = [path, ...asideOf(path)].filter((at) => holds(at, content));
  for (const at of [...found, ...asideOf(path)]) removeTree(at);
  if (found.length > 0 && row.isOpen !== true && !fs.existsSync(path)) place(path, { is: 'bytes', bytes: good });
}

/**
 * What one step has written down in ignorance, the next ones mend: a step of root publishes what root knows, and a check, when it
 * was a letter that could not be known to be wrong, what is installed.
 */
async function settle(bench: Bench, { passes }: Damage): Promise<void> {
  await run('recover', bench.on);
  if (passes === 'maybe') await run('check', bench.on);
}

/** The release that the device is on, exactly; and what the owner keeps there is as it was. */
async function versionAfter(bench: Bench, { program, phase = 'at-rest' }: Meeting, damage: Damage, row: Row, path: string): Promise<string> {
  const { on, shelf, worlds } = bench;
  if (isShown(program)) {
    bench.assertAsLoaded(phase, path);
    return phase === 'up-to-date' ? STAGED : NOW_ON;
  }
  if (program !== 'recover' || damage.passes === 'maybe') await settle(bench, damage);
  // What was repaired here is not published yet.
  writePublicFacts(stepDeps(on), 'recover', null);
  // Where no journal tells of which release they are, no assets are kept for open pages.
  const keepsNone = worldOf(shelf.root, shelf.read()).previous === '';
  const index = await judge(shelf, keepsNone ? worlds.map((world) => ({ ...world, previous: '' })) : worlds, null);
  bench.assertOwners(phase);
  if (row.name !== 'held.json')
    assert.ok(
      on.files.readHeld().versions.some(({ version }) => version === HELD),
      'what failed here is forgotten',
    );
  return worlds[index]?.version ?? 'nothing';
}

function assertEnd({ well, ill, maybe }: Meeting, { passes }: Damage, end: string, { said }: Ended): void {
  const allowed = passes === 'yes' ? [well] : passes === 'no' ? (ill ?? [well]) : [well, ...(ill ?? []), ...(maybe ?? [])];
  assert.ok(allowed.includes(end), `'${end}' is not in the table (${allowed.join(', ')}):\n${said.join('\n')}`);
}
