/** L2a: kill -9 at every system call by which check and fetch change a file. Nothing live changes, and what is staged is whole. */
import fs from 'node:fs';
import { it } from 'vitest';
import { published } from '../../unit/steps/published.ts';
import { storyNamed } from '../model/stories.ts';
import { EXHAUSTIVE, atLeast } from '../plan.ts';
import { openBench } from './bench.ts';
import { killAtEach, pointsOf } from './kill.ts';
import { noStrace } from './strace.ts';

const CONFIG = '/etc/pikit/update.toml';

it.skipIf(noStrace() !== null)('leaves the old release, and nothing staged that is not whole, wherever check and fetch are killed', async () => {
  const { server, publish } = await published();
  await publish('3.0.0');
  let deaths = 0;
  for (const program of ['check', 'fetch'] as const) {
    const bench = await openBench({
      name: program,
      program,
      exit: 0,
      // What is staged there is 2.0.0: it has to go first.
      start: async (root) => {
        await storyNamed('apply').start(root);
        fs.writeFileSync(root + CONFIG, fs.readFileSync(root + CONFIG, 'utf8').replace('http://127.0.0.1:1/', server.url));
      },
    });
    try {
      deaths += await killAtEach(bench, await pointsOf(bench, /^/, 2));
    } finally {
      bench.close();
    }
  }
  atLeast('L2a kill -9 in check and fetch', deaths, EXHAUSTIVE ? 80 : 60);
});
