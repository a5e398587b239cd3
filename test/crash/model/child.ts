/** The program that explores one story. Its one argument is an Assignment; it writes a Report, both as JSON. */
import fs from 'node:fs';
import { join } from 'node:path';
import { tempDir } from '../../helpers/tree.ts';
import { Assignment } from './assignment.ts';
import type { Report } from './assignment.ts';
import { assertSameCalls, recoverWithProgram } from './built.ts';
import { explore } from './explore.ts';
import { rehearse } from './rehearse.ts';
import { openShelf } from './shelf.ts';
import { storyNamed } from './stories.ts';

// Modes must not depend on it.
process.umask(0o077);
const assignment = Assignment.parse(JSON.parse(process.argv[2] ?? ''));
const base = tempDir();
try {
  const story = storyNamed(assignment.story);
  const shelf = openShelf(base);
  const rehearsal = await rehearse(story, shelf);
  const { cases, ...explored } = await explore(story, shelf, rehearsal, assignment);
  const program = { dist: assignment.dist, preload: join(import.meta.dirname, 'preload.js') };
  const isBuilt = assignment.processes > 0;
  const report: Report = {
    ...explored,
    distinct: cases.length,
    calls: isBuilt ? await assertSameCalls(story, base, program) : 0,
    processes: isBuilt ? await recoverWithProgram(shelf, rehearsal.worlds, cases, assignment.processes, program) : 0,
  };
  process.stdout.write(JSON.stringify(report));
} finally {
  fs.rmSync(base, { recursive: true, force: true });
}
