/** L5: choices, knowledge and caches damaged, met in this process: every cut, a flip in every byte, and all that can be made by hand. */
import { it } from 'vitest';
import { EXHAUSTIVE, atLeast } from '../plan.ts';
import { openBench } from './bench.ts';
import { sweep } from './sweep.ts';
import { KNOWLEDGE } from './knowledge-rows.ts';

it('leads to exactly one release and a word about it, and loses nothing more', async () => {
  const bench = await openBench();
  atLeast('L5 corrupt files, knowledge', await sweep(bench, KNOWLEDGE), EXHAUSTIVE ? 50_000 : 7500);
  bench.shelf.assertUntouched();
});
