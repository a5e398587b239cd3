/** L5: the files of a transaction damaged, met in this process: every cut, a flip in every byte, and all that can be made by hand. */
import { it } from 'vitest';
import { EXHAUSTIVE, atLeast } from '../plan.ts';
import { openBench } from './bench.ts';
import { sweep } from './sweep.ts';
import { TRANSACTION } from './transaction-rows.ts';

it('leads to exactly one release and a word about it, and loses nothing more', async () => {
  const bench = await openBench();
  atLeast('L5 corrupt files, transaction', await sweep(bench, TRANSACTION), EXHAUSTIVE ? 60_000 : 4500);
  bench.shelf.assertUntouched();
});
