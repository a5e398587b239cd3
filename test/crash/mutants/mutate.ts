/** A mutation as an esbuild plugin: exact strings, and an error when the code no longer has them. */
import fs from 'node:fs';
import { basename } from 'node:path';
import type { Plugin } from 'esbuild';
import type { Mutant } from './mutants.ts';

export function mutate({ name, mutations }: Mutant): Plugin {
  return {
    name: 'mutate',
    setup: (build) => {
      const done = new Set<string>();
      build.onLoad({ filter: /\/lib\/(?:transaction|device|steps|io\/trust)\/(?:[a-z-]+\/)?[a-z-]+\.ts$/ }, ({ path }) => {
        const file = basename(path);
        let contents = fs.readFileSync(path, 'utf8');
        for (const mutation of mutations.filter((one) => one.file === file)) {
          const parts = contents.split(mutation.find);
          if (parts.length !== 2) throw new Error(`mutant '${name}': ${String(parts.length - 1)} places in ${file} are\n${mutation.find}`);
          contents = parts.join(mutation.put);
        }
        done.add(file);
        return { contents, loader: 'ts' };
      });
      build.onEnd(() => {
        const unseen = mutations.find(({ file }) => !done.has(file));
        if (unseen !== undefined) throw new Error(`mutant '${name}': ${unseen.file} is not part of the program`);
      });
    },
  };
}
