/** apply as it is installed, but with a mistake in it. */
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { MUTANTS } from '../mutants/mutants.ts';
import { mutate } from '../mutants/mutate.ts';

const APPLY = fileURLToPath(new URL('../../../scripts/apply.ts', import.meta.url));

/** Builds it into a folder that is not there yet. Answers the folder. */
export async function buildMutant(name: string, dist: string): Promise<string> {
  const mutant = MUTANTS.find((one) => one.name === name);
  if (mutant === undefined) throw new Error(`there is no mutant '${name}'`);
  await build({
    entryPoints: { apply: APPLY },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    outdir: dist,
    // Optional in dbus-next; and dbus-next is CommonJS, which calls require().
    external: ['usocket', 'x11'],
    banner: { js: "import{createRequire as pikitRequire}from'node:module';const require=pikitRequire(import.meta.url);" },
    define: { PIKIT_UPDATER_VERSION: '"0"' },
    logLevel: 'error',
    plugins: [mutate(mutant)],
  });
  fs.writeFileSync(`${dist}/package.json`, '{"type":"module"}');
  return dist;
}
