/** L2a: kill -9 at every system call by which check and fetch change a file. Nothing live changes, and what is staged is whole. */
import fs from 'node:fs';
import { it } from 'vitest';
import { published } from '../../unit/steps/published.ts';
import { storyNamed } from '../model/stories.ts';
import { killIn } from './kill.ts';
import { enoughKills } from './kills.ts';
import { noStrace } from './strace.ts';

const CONFIG = '/etc/pikit/update.toml';

it.skipIf(noStrace() !== null)('leaves the old release, and nothing staged that is not whole, wherever check and fetch are killed', async () => {
  const { server, publish } = await published();
  await publish('3.0.0');
  const scenes = (['check', 'fetch'] as const).map((program) => ({
    name: program,
    program,
    exit: 0 as const,
    // What is staged there is 2.0.0: it has to go first.
    start: async (root: string) => {
      await storyNamed('apply').start(root);
      fs.writeFileSync(root + CONFIG, fs.readFileSync(root + CONFIG, 'utf8').replace('http://127.0.0.1:1/', server.url));
    },
  }));
  enoughKills('network', await killIn(scenes, { stride: 2 }));
});
