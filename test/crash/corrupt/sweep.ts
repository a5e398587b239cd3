/** All damages of some files, each met by the programs in turn; what is made by hand is met by every one of them. */
import { naming } from '../kill/kill.ts';
import { EXHAUSTIVE } from '../plan.ts';
import type { Bench } from './bench.ts';
import type { Damage } from './damage.ts';
import { goodOf, meet } from './meet.ts';
import type { Meeting, Row } from './table.ts';

/** Answers how many damaged files were met. */
export async function sweep(bench: Bench, rows: readonly Row[]): Promise<number> {
  let cases = 0;
  for (const row of rows) {
    for (const meeting of row.meetings) {
      const phase = meeting.phase ?? 'at-rest';
      const good = goodOf(bench, row, phase);
      for (const damage of chosenFor(row, meeting, good)) {
        await naming(`${row.name}, ${damage.name}, met by ${meeting.program} (${phase})`, async () => {
          await meet(bench, row, meeting, damage, good);
        });
        cases += 1;
      }
    }
  }
  return cases;
}

/** Without the exhaustive run, every third cut is met, and where the place makes no difference, every second flip. */
function stepOf({ isSealed }: Row, { oneOf }: Damage): number {
  return oneOf === 'cuts' ? 3 : isSealed === true ? 2 : 1;
}

/** The quick programs take turns, the slow ones meet some of it besides. */
function chosenFor(row: Row, meeting: Meeting, good: Buffer): Damage[] {
  const all = row.damages(good).filter((damage) => meeting.spares?.(damage, good) !== true);
  if (EXHAUSTIVE) return all;
  const quick = row.meetings.filter(({ every = 1 }) => every === 1);
  const turn = quick.indexOf(meeting);
  const [turns, its] = turn === -1 ? [meeting.every ?? 1, 0] : [quick.length, turn];
  return all.filter((damage, index) => damage.oneOf === undefined || index % (turns * stepOf(row, damage)) === its * stepOf(row, damage));
}
