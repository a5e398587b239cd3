import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { sameClock } from '../../helpers/faketime.ts';

const DEMO = resolve(import.meta.dirname, '../../../dist/demo.js');

beforeAll(() => {
  if (!fs.existsSync(DEMO)) throw new Error(`'${DEMO}' is not there: run \`npm run build\` first (\`npm run test:unit\` does)`);
});

function temp(): string {
  const dir = fs.mkdtempSync(join(tmpdir(), 'pikit-demo-test-'));
  onTestFinished(() => {
    fs.rmSync(dir, { recursive: true });
  });
  return dir;
}

function demo(args: readonly string[], temporary: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [DEMO, ...args], {
    env: { PATH: process.env['PATH'], ...sameClock(), TMPDIR: temporary },
    encoding: 'utf8',
    timeout: 280_000,
  });
  return { status, stdout, stderr };
}

test('everything it says is true, and it leaves nothing behind', () => {
  const dir = temp();
  const { status, stdout, stderr } = demo([], dir);
  expect({ status, stderr, left: fs.readdirSync(dir) }, stdout).toEqual({ status: 0, stderr: '', left: [] });
  expect(stdout.match(/^\d\. .*$/gm)).toEqual([
    '1. A new device trusts the keys of its releases, and gets 1.0.0',
    '2. The timer finds 1.1.0, the owner installs it',
    '3. 1.2.0 fails its health check: the nightly update rolls back',
    '4. The owner tries 1.2.0 once more, and apply is killed half-way',
    '5. The owner prefers 1.0.0 and rolls back',
  ]);
  expect(stdout.match(/the device is exactly on [\d.]+/g)?.map((claim) => claim.split(' ').at(-1))).toEqual([
    '1.0.0',
    '1.0.0',
    '1.1.0',
    '1.1.0',
    '1.1.0',
    '1.0.0',
  ]);
  const [fingerprint = ''] = /(?<=root\.pem +)SHA256:\S{43}/.exec(stdout) ?? [];
  expect(stdout).toContain(`$ pikit-update trust --from-source --fingerprint ${fingerprint}\n`);
  expect(stdout.match(/^ +signed by targets$/gm)).toHaveLength(4);
  expect(stdout).not.toMatch(/✘|undefined|\bnull\b/);
  expect(stdout).not.toContain('\u001b');
});

test('a folder of choice is left for you to look at', () => {
  const dir = temp();
  expect(demo(['--dir', join(dir, 'here')], dir).status).toBe(0);
  expect(fs.readdirSync(dir)).toEqual(['here']);
  expect(fs.readFileSync(join(dir, 'here/device/etc/pikit/version'), 'utf8')).toBe('1.0.0\n');
});

test.each([
  ['a folder with something in it', (dir: string) => ['--dir', dir], /is not empty/],
  ['an option that it does not have', () => ['--fast'], /--fast/],
  ['an argument', () => ['x'], /'x'/],
])('refuses %s, and changes nothing', (_name, args, message) => {
  const dir = temp();
  fs.writeFileSync(join(dir, 'own'), '');
  const { status, stdout, stderr } = demo(args(dir), dir);
  expect({ status, stdout, left: fs.readdirSync(dir) }).toEqual({ status: 2, stdout: '', left: ['own'] });
  expect(stderr).toMatch(message);
});

test('--help explains it', () => {
  const { status, stdout, stderr } = demo(['--help'], temp());
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('usage: npm run demo');
});
