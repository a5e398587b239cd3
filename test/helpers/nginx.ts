/** A real nginx for a test, with a server block of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { watch } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporary } from './device.ts';
import { freePort } from './listening.ts';

/** Serves by the lines of this server block on a free port of 127.0.0.1 until the test ends. Gives its address. */
export async function nginx(lines: string): Promise<string> {
  const home = temporary();
  fs.chmodSync(home, 0o755);
  const port = await freePort();
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${home}/${name};`).join(' ');
  const types = 'types { text/html html htm; text/css css; text/javascript js mjs; image/svg+xml svg; }';
  const http = `http { ${types} access_log off; ${folders} server { listen 127.0.0.1:${String(port)}; ${lines} } }`;
  fs.writeFileSync(join(home, 'nginx.conf'), `pid ${home}/pid; error_log ${home}/error.log; daemon off; events {} ${http}`);
  const user = process.getuid?.() === 0 ? ['-g', 'user root;'] : [];
  const ready = appears(home, 'pid');
  const child = spawn('nginx', ['-c', join(home, 'nginx.conf'), '-p', home, ...user], { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    child.kill();
    await ended;
  });
  await Promise.race([ready, ended.then(() => Promise.reject(new Error(fs.readFileSync(join(home, 'error.log'), 'utf8'))))]);
  return `http://127.0.0.1:${String(port)}`;
}

/** Waits for the file with its pid, which nginx writes when it listens. */
async function appears(dir: string, name: string): Promise<void> {
  for await (const event of watch(dir, { signal: AbortSignal.timeout(120_000) })) if (event.filename === name) return;
}
