import fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { lastLines } from '../../../../lib/io/systemd/journal-tail.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

let dir = '';
beforeEach(() => {
  dir = folderOfTest('journal');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** A journalctl that does this, and nothing else on PATH before it. */
function journalctl(script: string): void {
  fs.writeFileSync(join(dir, 'journalctl'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  vi.stubEnv('PATH', `${dir}:${process.env['PATH'] ?? ''}`);
}

const SINCE = new Date('2026-11-20T10:00:00.900Z');

it('asks for the last lines of one unit since then', async () => {
  journalctl(`printf '%s\\n' "$@"`);
  expect(await lastLines('pikit-api.service', SINCE)).toEqual([
    '--quiet',
    '--no-pager',
    '--output=cat',
    '--lines=20',
    '--since=@1795168800',
    '--unit',
    'pikit-api.service',
  ]);
  expect(await lastLines('x.service', SINCE, 3)).toContain('--lines=3');
});

it('leaves out empty lines and cuts long ones', async () => {
  journalctl(`echo first; echo; printf '%0600d\\n' 1; echo last`);
  const lines = await lastLines('x.service', SINCE);
  expect(lines.map((line) => line.length)).toEqual([5, 500, 4]);
});

it.each([
  ['no-journal', 'exit 1'],
  ['nothing-written', 'exit 0'],
])('has nothing to say: %s', async (_name, script) => {
  journalctl(script);
  expect(await lastLines('x.service', SINCE)).toEqual([]);
});

it('does without the command', async () => {
  vi.stubEnv('PATH', dir);
  expect(await lastLines('x.service', SINCE)).toEqual([]);
});
