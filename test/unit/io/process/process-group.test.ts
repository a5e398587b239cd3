import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { endGroup, plainEnvironment } from '../../../../lib/io/process/process-group.ts';

it('ends a command with its children', async () => {
  const child = spawn('/bin/sh', ['-c', 'sleep 60 & echo ready; wait'], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  await once(child.stdout, 'data');
  endGroup(child);
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
  expect(child.stdout.destroyed).toBe(true);
});

it('does nothing for a command that has ended, or never began', async () => {
  const child = spawn('/bin/true', { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  await once(child, 'exit');
  endGroup(child);
  endGroup(undefined);
});

it.each([
  ['BASH_ENV', false],
  ['BASH_FUNC_ls%%', false],
  ['SHELLOPTS', false],
  ['ENV', false],
  ['PS4', false],
  ['PATH', true],
  ['ENVIRONMENT', true],
])('passes %s on: %s', (name, kept) => {
  expect(plainEnvironment({ [name]: 'x' })).toEqual(kept ? { [name]: 'x' } : {});
});
