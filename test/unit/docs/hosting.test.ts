/** Runs what docs/hosting.md tells people to run, in its order, with servers and folders of this test in place of theirs. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { watch } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Device } from '../../helpers/device.ts';
import { device, temporary } from '../../helpers/device.ts';
import { READER, WRITER, giteaServer } from '../../helpers/gitea-server.ts';
import { dashboard, writeTree } from '../../helpers/site-builder.ts';
import { readSources } from '../../helpers/source-tree.ts';
import { siteServer } from '../steps/site-server.ts';

const DOC = fs.readFileSync('docs/hosting.md', 'utf8');
const DIST = resolve(process.env['PIKIT_TEST_DIST'] ?? 'dist');

interface Block {
  language: string;
  text: string;
}

function blocks(): Block[] {
  return [...DOC.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({ language, text }));
}

/** A folder with the two programs, as a path has them. */
function programs(): string {
  const bin = join(temporary(), 'bin');
  for (const name of ['pikit-release', 'pikit-update']) {
    writeTree(bin, { [name]: { data: `#!/bin/sh\nexec '${process.execPath}' '${DIST}/${name}.js' "$@"\n`, mode: 0o755 } });
  }
  return bin;
}

async function run(script: string, cwd: string, env: Record<string, string>): Promise<{ code: number | null; text: string }> {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', script], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const code = await new Promise<number | null>((done) => child.on('close', done));
  return { code, text };
}

/** What a device with this update.toml says of its source. */
function latest(on: Device): string | null {
  return on.files.readState().latest;
}

it('has only blocks that are run, or that say what they are', () => {
  expect(
    blocks()
      .map(({ language }) => language)
      .filter((language) => !['sh', 'nginx', 'text', 'toml'].includes(language)),
  ).toEqual([]);
  // A prompt, or a command outside of a block that is run, would go by untested.
  expect(DOC).not.toMatch(/^\s*\$ /m);
});

it('every command of docs/hosting.md does what it is there for', async () => {
  const home = temporary();
  const on = device();
  const www = join(home, 'www');
  const web = await siteServer(www);
  const gitea = await giteaServer({ isPrivate: false, storage: true });
  onTestFinished(gitea.close);
  writeTree(home, {
    ...Object.fromEntries(Object.entries(dashboard('1.4.0')).map(([path, file]) => [`tree/${path}`, file])),
    'notes.txt': 'Better.\n',
  });
  writeTree(home, { 'release-token': `${WRITER}\n`, 'device-token': `${READER}\n` });
  const mine = (text: string): string =>
    text
      .replaceAll('/srv/www/pikit', www)
      .replaceAll('/media/usb', join(home, 'usb'))
      .replaceAll('https://updates.example.org/pikit', web.url.replace(/\/$/, ''))
      .replaceAll('https://git.example.org/owner/repo', gitea.url)
      .replaceAll('/etc/pikit', on.at('/etc/pikit'));
  const env = { PATH: `${programs()}:${process.env['PATH'] ?? ''}`, HOME: home, PIKIT_ROOT: on.root };

  const seen: string[] = [];
  const commands = blocks().filter(({ language }) => language === 'sh');
  for (const [index, { text }] of commands.entries()) {
    // Without that, a check that did nothing would pass with what the one before it has found.
    for (const folder of ['/var/lib', '/var/cache']) fs.rmSync(on.at(folder), { recursive: true, force: true });
    if (text.includes('source-token')) gitea.options.isPrivate = true;
    const { code, text: said } = await run(mine(text), home, env);
    expect(code, `block ${String(index + 1)}:\n${text}\n${said}`).toBe(0);
    expect(said).not.toMatch(/token-of/);
    if (text.includes('pikit-update check')) {
      expect(said).toContain('1.4.0 is available (nothing is installed)');
      expect(latest(on)).toBe('1.4.0');
      seen.push(fs.readFileSync(on.paths.config, 'utf8').split('\n')[2] ?? '');
    }
  }
  expect(commands.length).toBeGreaterThanOrEqual(10);
  expect([...new Set(seen)]).toEqual([`url = "${web.url.replace(/\/$/, '')}"`, `url = "file://${home}/usb/pikit"`, `url = "${gitea.url}"`]);
  expect(gitea.summary()).toEqual({ 'v1.4.0': ['branches.json', 'manifest.json', 'pikit-1.4.0.tar.gz'] });
  expect(gitea.requests.at(-1)).toMatchObject({ authorization: `token ${READER}`, status: 302 });
  expect(fs.statSync(on.at('/etc/pikit/source-token')).mode & 0o777).toBe(0o600);
});

it('what docs/hosting.md says that the updater says, it does say', () => {
  const sources = readSources('lib/core', 'lib/io')
    .map(({ ast }) => ast.text)
    .join('\n');
  const rows = [...(DOC.split('## When it does not work')[1] ?? '').matchAll(/^\| `([^`]*)`/gm)].map(([, text = '']) => text);
  expect(rows.filter((row) => row.startsWith('pikit-update'))).toEqual([]);
  expect(rows.length).toBeGreaterThanOrEqual(6);
  for (const row of rows) for (const part of row.split('…').filter((text) => text.length > 3)) expect(sources).toContain(part);
});

it('the TOML of docs/hosting.md is one that the updater takes', async () => {
  const { parse } = await import('smol-toml');
  const { parseConfig } = await import('../../../lib/core/device/config.ts');
  const found = blocks().filter(({ language }) => language === 'toml');
  const sources = found.map(({ text }) => ({ written: parse(text)['source'], taken: parseConfig(parse(text), 'docs/hosting.md').source }));
  expect(sources.map(({ taken }) => taken.type)).toEqual(['gitea', 'static']);
  for (const { written, taken } of sources) expect(taken).toEqual(written);
});

/** Waits for a file in a folder: nginx writes its pid when it listens. */
async function appears(dir: string, name: string): Promise<void> {
  for await (const event of watch(dir, { signal: AbortSignal.timeout(120_000) })) if (event.filename === name) return;
}

const hasNginx = spawnSync('nginx', ['-v']).error === undefined;

it.skipIf(!hasNginx)('the server block of docs/hosting.md is one that nginx takes and serves by (skipped where nginx is not installed)', async () => {
  const home = temporary();
  fs.chmodSync(home, 0o755);
  writeTree(join(home, 'www'), {
    'manifest.json': `{"a":"${'b'.repeat(2000)}"}`,
    'bundles/a.tar.gz': 'x'.repeat(1000),
    'bundles/b.tar.gz.publish.tmp': 'half',
  });
  const socket = join(home, 'nginx.sock');
  const block = blocks().find(({ language }) => language === 'nginx')?.text ?? '';
  const plain = block.replace(/^.*(?:listen|ssl_certificate).*\n/gm, '').replace('server_name', `listen unix:${socket}; server_name`);
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${home}/${name};`).join(' ');
  const config = `pid ${home}/pid; error_log ${home}/error.log; daemon off; events {} http { access_log off; types { application/json json; } ${folders} ${plain.replace('/srv/www/pikit', join(home, 'www'))} }`;
  writeTree(home, { 'nginx.conf': config });
  const user = process.getuid?.() === 0 ? ['-g', 'user root;'] : [];
  const ready = appears(home, 'pid');
  const child = spawn('nginx', ['-c', join(home, 'nginx.conf'), ...user], { stdio: ['ignore', 'ignore', 'inherit'] });
  onTestFinished(async () => {
    child.kill();
    if (child.exitCode === null) await once(child, 'exit');
  });
  await ready;
  const curl = async (...args: string[]): Promise<string> =>
    (await run(`curl -sS --unix-socket ${socket} -D - ${args.join(' ')}`, dirname(socket), { PATH: process.env['PATH'] ?? '' })).text;
  const etag = /^ETag: (\S+)/m.exec(await curl('-o /dev/null', 'http://x/pikit/manifest.json'))?.[1] ?? '';
  expect(etag).not.toBe('');
  expect(await curl(`-H 'If-None-Match: ${etag}'`, 'http://x/pikit/manifest.json')).toMatch(/^HTTP\/1.1 304/);
  const zipped = await curl('-o /dev/null -H "Accept-Encoding: gzip"', 'http://x/pikit/manifest.json');
  expect(zipped).toMatch(/^Content-Encoding: gzip/m);
  const weak = /^ETag: (\S+)/m.exec(zipped)?.[1] ?? '';
  expect(await curl(`-H "Accept-Encoding: gzip" -H 'If-None-Match: ${weak}'`, 'http://x/pikit/manifest.json')).toMatch(/^HTTP\/1.1 304/);
  expect(await curl('-H "Range: bytes=10-"', 'http://x/pikit/bundles/a.tar.gz')).toMatch(/Content-Range: bytes 10-999\/1000/);
  expect(await curl('-H "Accept-Encoding: gzip"', 'http://x/pikit/bundles/a.tar.gz')).not.toMatch(/content-encoding/i);
  expect(await curl('', 'http://x/pikit/bundles/b.tar.gz.publish.tmp')).toMatch(/^HTTP\/1.1 403/);
});
