import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { sameClock } from './faketime.ts';

/** Bundles a script that imports from the root of the project, so that another process can run it; returns its path. */
export function bundledScript(dir: string, name: string, source: string): string {
  const outfile = join(dir, `${name}.cjs`);
  buildSync({
    stdin: { contents: source, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile,
    logLevel: 'error',
  });
  return outfile;
}

/** Runs it to its end and returns what it wrote to standard output. */
export async function outputOf(script: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  const child = spawn(process.execPath, [script, ...args], {
    env: { PATH: process.env['PATH'], ...sameClock(), ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  for await (const chunk of child.stdout) text += String(chunk);
  return text;
}
