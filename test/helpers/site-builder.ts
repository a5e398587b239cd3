/** Release trees and sites in temporary folders, made with the real code. */
import fs from 'node:fs';
import os from 'node:os';
import { dirname, join } from 'node:path';
import type { BuildOptions, BuiltRelease } from '../../lib/release/builder/build.ts';
import { buildRelease } from '../../lib/release/builder/build.ts';
import { initSite } from '../../lib/release/site/init.ts';
import { sha256 } from './archive-builder.ts';

export interface FileSpec {
  data: string | Buffer;
  mode?: number;
}

/** A new temporary folder. */
export function temporaryFolder(name: string): string {
  return fs.mkdtempSync(join(os.tmpdir(), `pikit-${name}-`));
}

/** Writes files below `dir`, and returns it. */
export function writeTree(dir: string, files: Readonly<Record<string, string | Buffer | FileSpec>>): string {
  for (const [path, given] of Object.entries(files)) {
    const spec = typeof given === 'string' || Buffer.isBuffer(given) ? { data: given } : given;
    fs.mkdirSync(dirname(join(dir, path)), { recursive: true });
    fs.writeFileSync(join(dir, path), spec.data);
    fs.chmodSync(join(dir, path), spec.mode ?? 0o644);
  }
  return dir;
}

/** A small dashboard: a page with its script, the API, a helper. */
export function dashboard(text: string): Record<string, string | FileSpec> {
  return {
    'pikit-web/index.html': `<!doctype html>\n<title>${text}</title>\n`,
    'pikit-web/assets/app.js': `console.log('${text}');\n`,
    'pikit-api.py': { data: `#!/usr/bin/env python3\nprint('${text}')\n`, mode: 0o755 },
    'helpers/pikit-hello': { data: '#!/bin/sh\necho hello\n', mode: 0o755 },
  };
}

/** An unsigned site below `base`, without releases. */
export function emptySite(base: string): string {
  const site = join(base, 'site');
  initSite(site, { unsigned: true });
  return site;
}

/** Builds a release of `from`; what is not given is the default of the command line. */
export async function release(options: Pick<BuildOptions, 'site' | 'from' | 'version'> & Partial<BuildOptions>): Promise<BuiltRelease> {
  return await buildRelease({
    branch: 'stable',
    changelog: '',
    notes: '',
    config: [],
    restart: [],
    minVersion: null,
    arch: [],
    rolloutPercent: null,
    released: new Date('2026-11-20T10:00:00Z'),
    ...options,
  });
}

/** Every path below `dir` with its type, mode and content. */
export function snapshot(dir: string): string[] {
  return fs
    .readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .toSorted()
    .map((path) => {
      const stat = fs.lstatSync(join(dir, path));
      const content = stat.isFile() ? sha256(fs.readFileSync(join(dir, path))) : stat.isDirectory() ? 'directory' : 'other';
      return `${path} ${(stat.mode & 0o7777).toString(8)} ${content}`;
    });
}
