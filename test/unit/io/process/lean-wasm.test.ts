import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

it('is understood by this Node, which would say so otherwise', () => {
  const program = "require('node:v8').setFlagsFromString(process.argv[1])";
  const told = (flag: string): string => spawnSync(process.execPath, ['-e', program, '--', flag], { encoding: 'utf8' }).stderr;
  expect(told('--liftoff-only')).toBe('');
  expect(told('--no-such-flag')).toMatch(/unrecognized flag/);
});
