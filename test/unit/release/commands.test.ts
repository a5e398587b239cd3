import { expect, it } from 'vitest';
import { RELEASE } from '../../../lib/release/commands.ts';

it('has a site and JSON for every command, and no text twice', () => {
  for (const { options } of Object.values(RELEASE.commands)) expect(options).toMatchObject({ site: { required: true }, json: { type: 'boolean' } });
  const summaries = Object.values(RELEASE.commands).map(({ summary }) => summary);
  expect(new Set(summaries).size).toBe(summaries.length);
});
