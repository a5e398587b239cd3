/** Releases as a release engineer makes them: real web UIs, an API script, a helper; built by the real command. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('../../', import.meta.url));

/** Device path → `sha256 mode`, for every file of a release. */
export type Expected = ReadonlyMap<string, string>;

export interface Built {
  version: string;
  tree: string;
  expected: Expected;
}

export interface Ingredients {
  version: string;
  /** Which swagger-ui stands in for the dashboard; without one, it is what is in `extra`. */
  web?: '5.17.14' | '5.18.2';
  /** Replaces the API script. */
  api?: string;
  /** Further files, by release path. */
  extra?: Readonly<Record<string, string>>;
  /** Only for devices that have at least this version. */
  minVersion?: string;
  /** A command to run, as `--run` takes it. */
  run?: string;
  /** Not for stable. */
  branch?: string;
}

/** A working pikit-api.py that tells its version. */
function apiScript(version: string): string {
  return `#!/usr/bin/env python3
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"version": "${version}"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", 8080), Handler).serve_forever()
`;
}

/** A release site in a folder of this machine. */
export interface Site {
  dir: string;
  publish: (ingredients: Ingredients) => Built;
  /** Another command of pikit-release on this site; what it printed. */
  release: (...args: string[]) => string;
  /** The same site once more, with its keys: what a thief of both has. */
  copy: () => Site;
  remove: () => void;
}

/** Makes an empty site with `pikit-release init`, unsigned unless it says otherwise. */
export function releaseSite({ signed = false } = {}): Site {
  const base = fs.mkdtempSync(join(tmpdir(), 'pikit-site-'));
  release(['init', '--site', join(base, 'site'), ...(signed ? [] : ['--unsigned'])]);
  return siteIn(base);
}

function siteIn(base: string): Site {
  const dir = join(base, 'site');
  return {
    dir,
    release: (...args) => release([...args, '--site', dir]),
    copy: () => {
      const other = fs.mkdtempSync(join(tmpdir(), 'pikit-site-'));
      fs.cpSync(base, other, { recursive: true });
      return siteIn(other);
    },
    publish: (ingredients) => {
      const tree = join(base, `tree-${ingredients.version}`);
      fillTree(tree, ingredients);
      const { version, minVersion, run, branch } = ingredients;
      const requires = minVersion === undefined ? [] : ['--min-version', minVersion];
      release([
        'build',
        '--site',
        dir,
        '--from',
        tree,
        '--version',
        version,
        '--notes-file',
        notes(base, version),
        ...requires,
        ...(run === undefined ? [] : ['--run', run]),
        ...(branch === undefined ? [] : ['--branch', branch]),
      ]);
      return { version, tree, expected: expectedOf(tree) };
    },
    remove: () => {
      fs.rmSync(base, { recursive: true, force: true });
    },
  };
}

function release(args: readonly string[]): string {
  return execFileSync(process.execPath, [join(project, 'dist/pikit-release.js'), ...args], {
    encoding: 'utf8',
    env: { ...process.env, PIKIT_KEY_PASSPHRASE: 'correct horse battery staple' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function notes(base: string, version: string): string {
  const file = join(base, 'notes.txt');
  fs.writeFileSync(file, `What is new in ${version}\n`);
  return file;
}

function fillTree(tree: string, { version, web, api, extra }: Ingredients): void {
  fs.mkdirSync(join(tree, 'pikit-web'), { recursive: true });
  fs.mkdirSync(join(tree, 'helpers'), { recursive: true });
  if (web !== undefined) copyWeb(join(project, 'node_modules', `swagger-ui-dist-${web}`), join(tree, 'pikit-web'));
  fs.writeFileSync(join(tree, 'pikit-web/release.txt'), `${version}\n`);
  fs.writeFileSync(join(tree, 'pikit-api.py'), api ?? apiScript(version), { mode: 0o755 });
  fs.writeFileSync(join(tree, 'helpers/pikit-helper.sh'), `#!/bin/sh\necho ${version}\n`, { mode: 0o755 });
  for (const [path, content] of Object.entries(extra ?? {})) {
    fs.mkdirSync(join(tree, path, '..'), { recursive: true });
    fs.writeFileSync(join(tree, path), content, { mode: content.startsWith('#!') ? 0o755 : 0o644 });
  }
}

function copyWeb(source: string, to: string): void {
  for (const name of fs.readdirSync(source)) {
    if (/\.(html|css|js|png)$/.test(name) && !name.includes('es-bundle')) fs.copyFileSync(join(source, name), join(to, name));
  }
}

const TARGETS: readonly (readonly [string, string])[] = [
  ['pikit-web/', '/var/www/pikit-web/'],
  ['pikit-api.py', '/usr/local/bin/pikit-api.py'],
  ['helpers/', '/usr/local/bin/'],
];

function expectedOf(tree: string): Expected {
  const expected = new Map<string, string>();
  for (const entry of fs.readdirSync(tree, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const path = file.slice(tree.length + 1);
    const target = TARGETS.find(([from]) => path.startsWith(from));
    if (target === undefined) throw new Error(`no target for '${path}'`);
    const mode = (fs.statSync(file).mode & 0o100) !== 0 ? '755' : '644';
    expected.set(target[1] + path.slice(target[0].length), `${createHash('sha256').update(fs.readFileSync(file)).digest('hex')} ${mode}`);
  }
  return expected;
}
