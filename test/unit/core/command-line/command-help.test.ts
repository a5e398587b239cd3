import { describe, expect, it } from 'vitest';
import { UPDATE } from '../../../../lib/cli/usage.ts';
import { helpText } from '../../../../lib/core/command-line/command-help.ts';
import type { Program } from '../../../../lib/core/command-line/command-table.ts';
import { RELEASE } from '../../../../lib/release/cli/commands.ts';

describe.each<Program>([UPDATE, RELEASE])('the help of $name', (program) => {
  const all = helpText(program, { of: null, group: null });

  it('fits a terminal of 100 columns, is short, and says the exit codes', () => {
    const texts = [all, ...Object.keys(program.commands).map((of) => helpText(program, { of, group: null }))];
    expect(texts.flatMap((text) => text.split('\n')).filter((line) => line.length > 100)).toEqual([]);
    expect(all.split('\n').length).toBeLessThan(40);
    expect(all).toContain('exit codes: 0 ');
  });

  it.each(Object.entries(program.commands))('names %s, and each of its options', (of, spec) => {
    expect(all).toContain(`  ${of}`);
    const help = helpText(program, { of, group: null });
    expect(help).toMatch(new RegExp(`^usage: ${program.name} ${of}\\b`));
    for (const option of Object.keys(spec.options)) expect(help).toContain(`--${option}`);
  });
});

it('explains a group without the others', () => {
  expect(helpText(RELEASE, { of: null, group: 'branch' })).toMatch(/^usage: pikit-release branch COMMAND\n[^]*branch add[^]*$/);
  expect(helpText(RELEASE, { of: null, group: 'branch' })).not.toContain('promote');
});
