import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { missingAssets, startDashboard } from '../../../lib/demo/dashboard.ts';
import { RELEASES, writeRelease } from '../../../lib/demo/releases.ts';

function releases(): string {
  const dir = fs.mkdtempSync(join(tmpdir(), 'pikit-dashboard-'));
  onTestFinished(() => {
    fs.rmSync(dir, { recursive: true });
  });
  for (const release of Object.values(RELEASES)) writeRelease(dir, release);
  return dir;
}

test('two releases hang together, the third has lost its script', () => {
  const dir = releases();
  const missing = (version: string) => missingAssets(`${dir}/${version}/pikit-web`);
  expect([missing('1.0.0'), missing('1.1.0')]).toEqual([[], []]);
  expect(missing('1.2.0')).toEqual([expect.stringMatching(/^assets\/app-[0-9a-f]{8}\.js$/)]);
});

test('from each release to the next, files change, come and go', () => {
  const files = Object.values(RELEASES).map((release) => new Map(release.files.map((file) => [file.path, file.text])));
  const [first = new Map(), second = new Map()] = files;
  expect([...first.keys()].filter((path) => !second.has(path))).toContain('helpers/pikit-uptime');
  expect([...second.keys()].filter((path) => !first.has(path))).toContain('helpers/pikit-network');
  expect(second.get('helpers/pikit-temperature')).toBe(first.get('helpers/pikit-temperature'));
  expect(second.get('pikit-web/index.html')).not.toBe(first.get('pikit-web/index.html'));
});

test('serves what is installed, and says whether it hangs together', async () => {
  const dir = releases();
  const web = join(dir, 'web');
  const dashboard = await startDashboard(web);
  onTestFinished(dashboard.close);
  const health = async () => (await fetch(`${dashboard.origin}/health`)).status;
  expect(await health()).toBe(500);
  fs.cpSync(`${dir}/1.0.0/pikit-web`, web, { recursive: true });
  expect(await health()).toBe(200);
  expect(await (await fetch(`${dashboard.origin}/index.html`)).text()).toContain('<title>Pi-Kit 1.0.0</title>');
});

test('hangs until it is told to answer again', async () => {
  const dir = releases();
  const dashboard = await startDashboard(`${dir}/1.0.0/pikit-web`);
  onTestFinished(dashboard.close);
  const waits = dashboard.hang();
  const answer = fetch(`${dashboard.origin}/health`);
  await waits;
  dashboard.resume();
  expect((await answer).status).toBe(200);
  expect((await fetch(`${dashboard.origin}/health`)).status).toBe(200);
});
