import { expect, it } from 'vitest';
import { publicReceipt, withPublicResult } from '../../../../lib/core/device/public-receipt.ts';
import { emptyState } from '../../../../lib/core/device/state.ts';
import { receipt } from '../../../helpers/cli-device.ts';

it('leaves out what programs wrote, and nothing else', () => {
  const told = receipt({ message: 'it failed', subject: 'a.service' });
  expect(publicReceipt({ ...told, lines: ['password=hunter2'] })).toEqual({ ...told, lines: [] });
  expect(publicReceipt({ ...told, commands: [{ command: 'helpers/tool', lines: ['token=x'] }] })).toEqual({
    ...told,
    commands: [{ command: 'helpers/tool', lines: [] }],
  });
  expect(publicReceipt(told)).toBe(told);
});

it('is the last result of a state, if it has one', () => {
  const told = receipt({ lines: ['password=hunter2'] });
  expect(withPublicResult({ ...emptyState(), last_result: told }).last_result).toEqual({ ...told, lines: [] });
  expect(withPublicResult(emptyState())).toEqual(emptyState());
});
