import { expect, it } from 'vitest';
import { UPDATE, commandUsage, usageText } from '../../../lib/cli/usage.ts';
import { commandHelp } from '../../../lib/core/command-help.ts';

it('names every command, the exit codes, and fits a terminal', () => {
  for (const name of Object.keys(UPDATE.commands)) expect(usageText()).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'));
  expect(usageText()).toContain('75 another step is running');
  expect(
    Math.max(
      ...usageText()
        .split('\n')
        .map((line) => line.length),
    ),
  ).toBeLessThanOrEqual(100);
});

it.each(Object.entries(UPDATE.commands))('explains %s', (name, spec) => {
  expect(commandHelp(UPDATE, name, spec)).toMatch(new RegExp(`^usage: pikit-update ${name}\\b`));
});

it('explains auto with its choices', () => {
  expect(commandUsage('auto')).toContain('pikit-update auto [off|check|download|install] [--json] [--time HH:MM]');
});
