import { expect, it } from 'vitest';
import { receiptText } from '../../../lib/cli/history.ts';
import { localTime } from '../../../lib/cli/times.ts';
import { cliDevice, receipt } from '../../helpers/cli-device.ts';

it('lists the receipts, newest last', async () => {
  const device = cliDevice();
  expect(await device.run('history')).toEqual({ exit: 0, out: 'no update was installed here yet\n', err: '' });
  for (const message of ['one', 'two', 'three']) device.deps.files.appendHistory(receipt({ message }));
  const { out } = await device.run('history -n 2');
  expect([...out.matchAll(/^ {4}(.*)$/gm)].map((match) => match[1])).toEqual(['two', 'three']);
  const json: unknown = JSON.parse((await device.run('history --json')).out);
  expect(json).toMatchObject([{ message: 'one' }, { message: 'two' }, { message: 'three' }]);
});

it('says what went wrong, and hides what could drive a terminal', () => {
  const at = '2026-11-20T09:00:00.000Z';
  const told = receipt({
    at,
    outcome: 'rolled-back',
    message: 'it\u001b fell',
    hint: 'look',
    subject: 'a.service',
    lines: ['boom'],
    from: '1.3.0',
    to: '1.4.0',
    duration_ms: 1234,
  });
  expect(receiptText(told)).toBe(
    `${localTime(new Date(at))}  apply     rolled-back  1.3.0 → 1.4.0 (1.2 s)\n    it  fell\n    hint: look\n      a.service: boom\n`,
  );
  expect(receiptText(receipt({ at }))).toBe(`${localTime(new Date(at))}  apply     ok\n    1.4.0 is installed\n`);
});
