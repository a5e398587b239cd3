/** The program that explores one scene over the trust state. Its one argument is an Assignment; it writes a Report, both as JSON. */
import fs from 'node:fs';
import { tempDir } from '../../helpers/tree.ts';
import { Assignment } from '../model/assignment.ts';
import { explore } from './explore.ts';
import { sceneNamed } from './scenes.ts';

// Modes must not depend on it.
process.umask(0o077);
const assignment = Assignment.parse(JSON.parse(process.argv[2] ?? ''));
const base = tempDir();
try {
  process.stdout.write(JSON.stringify(await explore(sceneNamed(assignment.story), base, assignment)));
} finally {
  fs.rmSync(base, { recursive: true, force: true });
}
