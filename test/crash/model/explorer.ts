/** The exploring program, bundled from the sources (with a mutation, if one is given), and run: one process per story. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';
import { build } from 'esbuild';
import { tempDir } from '../../helpers/tree.ts';
import type { Assignment } from './assignment.ts';
import { Report } from './assignment.ts';

const PROJECT = join(import.meta.dirname, '../../..');
const CHILD = new URL('./child.ts', import.meta.url);
const PRELOAD = new URL('./preload.ts', import.meta.url);
export const DIST = process.env['PIKIT_TEST_DIST'] ?? join(PROJECT, 'dist');

export interface Explorer {
  /** Rejects when the program itself fails: then the story did not even end as it should without a power cut. */
  run: (assignment: Assignment) => Promise<Report>;
  remove: () => void;
}

export async function buildExplorer(plugins: Plugin[] = [], child = CHILD): Promise<Explorer> {
  const dir = tempDir();
  await build({
    entryPoints: { child: fileURLToPath(child), preload: fileURLToPath(PRELOAD) },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    outdir: dir,
    // Optional in dbus-next; and dbus-next is CommonJS, which calls require().
    external: ['usocket', 'x11'],
    banner: { js: "import{createRequire as pikitRequire}from'node:module';const require=pikitRequire(import.meta.url);" },
    define: { PIKIT_UPDATER_VERSION: '"0"' },
    logLevel: 'error',
    plugins,
  });
  fs.writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
  return {
    run: async (assignment) => Report.parse(JSON.parse(await outputOf(join(dir, 'child.js'), assignment))),
    remove: () => {
      fs.rmSync(dir, { recursive: true, force: true });
    },
  };
}

function outputOf(script: string, assignment: Assignment): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, JSON.stringify(assignment)], { stdio: ['ignore', 'pipe', 'pipe'] });
    const text = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (some: string) => (text.out += some));
    child.stderr.setEncoding('utf8').on('data', (some: string) => (text.err += some));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(text.out);
      else reject(new Error(`${assignment.story} ended with ${String(code)}: ${text.err}`));
    });
  });
}
