import { expect, it } from 'vitest';
import { commandHelp, programHelp } from '../../../lib/core/command-help.ts';
import { RELEASE } from '../../../lib/release/commands.ts';

it('fits a terminal of 100 columns, and is short', () => {
  const texts = [programHelp(RELEASE), ...Object.entries(RELEASE.commands).map(([name, spec]) => commandHelp(RELEASE, name, spec))];
  expect(texts.flatMap((text) => text.split('\n')).filter((line) => line.length > 100)).toEqual([]);
  expect(programHelp(RELEASE).split('\n').length).toBeLessThan(30);
});

it('names every command, and of a command every option', () => {
  for (const [name, spec] of Object.entries(RELEASE.commands)) {
    expect(programHelp(RELEASE)).toContain(`  ${name}`);
    const help = commandHelp(RELEASE, name, spec);
    expect(help).toMatch(new RegExp(`^usage: pikit-release ${name}\\b`));
    for (const option of Object.keys(spec.options)) expect(help).toContain(`--${option}`);
  }
  expect(programHelp(RELEASE, 'branch')).not.toContain('promote');
});
