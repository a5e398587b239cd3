import { expect, it } from 'vitest';
import { UPDATE } from '../../../lib/cli/usage.ts';
import { helpText } from '../../../lib/core/command-line/command-help.ts';

it('explains auto with its choices, and the exit code of a step that waits for another', () => {
  expect(helpText(UPDATE, { of: 'auto', group: null })).toContain('pikit-update auto [off|check|download|install] [--json] [--time HH:MM]');
  expect(helpText(UPDATE, { of: null, group: null })).toContain('75 another step is running');
});
