import { expect, it } from 'vitest';
import { COMMANDS, commandUsage, usageText } from '../../../lib/cli/usage.ts';

it('names every command, the exit codes, and fits a terminal', () => {
  for (const name of COMMANDS) expect(usageText()).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'));
  expect(usageText()).toContain('75 another step is running');
  expect(
    Math.max(
      ...usageText()
        .split('\n')
        .map((line) => line.length),
    ),
  ).toBeLessThanOrEqual(100);
});

it.each(COMMANDS)('explains %s', (name) => {
  expect(commandUsage(name)).toMatch(new RegExp(`^usage: pikit-update ${name}\\b`));
});
