/** L5, a sample with the built programs: what becomes of an exception, a pipe, or a file without end shows only there. */
import assert from 'node:assert/strict';
import { it } from 'vitest';
import { naming } from '../kill/kill.ts';
import { EXHAUSTIVE, atLeast } from '../plan.ts';
import { openBench } from './bench.ts';
import { runBuilt } from './built.ts';
import type { Damage } from './damage.ts';
import { goodOf, meet } from './meet.ts';
import { KNOWLEDGE } from './knowledge-rows.ts';
import type { Meeting, Row } from './table.ts';
import { TRANSACTION } from './transaction-rows.ts';

const PIPE: Damage = { name: 'a pipe', content: { is: 'pipe' }, passes: 'no' };
const CHOSEN = [
  'a link to nothing',
  'cut to 7 bytes',
  'nothing but brackets',
  'a directory',
  'bit 5 of byte 5 flipped',
  'a hole of 3 GiB',
  'not UTF-8',
];

/** One for each meeting, another one each time; all of them in the exhaustive run. */
function sample({ damages }: Row, meeting: Meeting, good: Buffer, turn: number): Damage[] {
  const all = [PIPE, ...damages(good)].filter((damage) => meeting.spares?.(damage, good) !== true);
  const chosen = [PIPE.name, ...CHOSEN].flatMap((name) => all.find((damage) => damage.name === name) ?? []);
  const one = chosen[turn % chosen.length];
  assert.ok(one !== undefined);
  return EXHAUSTIVE ? chosen : [one];
}

/** All quick programs, and every third of the others. */
function isMet({ every = 1 }: Meeting, index: number): boolean {
  return EXHAUSTIVE || every === 1 || index % 3 === 0;
}

it('tells of a damaged file, and loses nothing by it', async () => {
  const bench = await openBench();
  let cases = 0;
  for (const [turn, row] of [...TRANSACTION, ...KNOWLEDGE].entries()) {
    for (const [index, meeting] of row.meetings.filter(isMet).entries()) {
      const good = goodOf(bench, row, meeting.phase ?? 'at-rest');
      for (const damage of sample(row, meeting, good, turn + index)) {
        await naming(`${row.name}, ${damage.name}, met by ${meeting.program}.js (${meeting.phase ?? 'at-rest'})`, async () => {
          await meet(bench, row, meeting, damage, good, runBuilt);
        });
        cases += 1;
      }
    }
  }
  atLeast('L5 corrupt files, met by the built programs', cases, EXHAUSTIVE ? 600 : 60);
});
