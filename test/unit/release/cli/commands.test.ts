import { expect, it } from 'vitest';
import { RELEASE } from '../../../../lib/release/cli/commands.ts';

it('has a site and JSON for every command, and no text twice', () => {
  for (const [name, { options }] of Object.entries(RELEASE.commands)) {
    // A root can be signed where the site is not.
    const site = name === 'key sign' ? { type: 'string' } : { required: true };
    expect(options).toMatchObject({ site, json: { type: 'boolean' } });
  }
  const summaries = Object.values(RELEASE.commands).map(({ summary }) => summary);
  expect(new Set(summaries).size).toBe(summaries.length);
});
