import { expect, it } from 'vitest';
import { BusyAnswer, StatusAnswer } from '../../../../lib/core/http-api/api-answers.ts';
import { run, status } from '../../api/a-run.ts';

it('has the eight names of state.json and what lives elsewhere', () => {
  const names = [
    'current',
    'latest',
    'branch',
    'last_check',
    'last_result',
    'progress',
    'backup_path',
    'available',
    'settings',
    'following',
    'rollback',
    'run',
  ];
  expect(Object.keys(StatusAnswer.shape)).toEqual(expect.arrayContaining(names));
  expect(StatusAnswer.parse(status({ run: run() }))).toMatchObject({ run: { id: 'r1' } });
  expect(StatusAnswer.safeParse({ ...status(), more: 1 }).success).toBe(false);
});

it('tells with BUSY what runs', () => {
  const error = { code: 'BUSY', message: 'an update is running', hint: null };
  expect(BusyAnswer.safeParse({ error, run: run() }).success).toBe(true);
  expect(BusyAnswer.safeParse({ error }).success).toBe(false);
});
