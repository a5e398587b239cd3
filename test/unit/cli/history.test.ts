import { expect, it } from 'vitest';
import { receiptText } from '../../../lib/cli/history.ts';
import { localTime } from '../../../lib/cli/times.ts';
import { cliDevice, receipt } from '../../helpers/cli-device.ts';

it('lists the receipts, newest last', async () => {
  const device = cliDevice();
  expect(await device.run('history')).toEqual({ exit: 0, out: 'no update has been installed yet\n', err: '' });
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
    from: '1.3.0\u001b[2J',
    to: '\u202e1.4.0',
    duration_ms: 1234,
  });
  expect(receiptText(told)).toBe(
    `${localTime(new Date(at))}  apply     rolled-back  1.3.0 [2J →  1.4.0 (1.2 s)\n    it  fell\n    hint: look\n      a.service: boom\n`,
  );
  expect(receiptText(receipt({ at }))).toBe(`${localTime(new Date(at))}  apply     ok\n    1.4.0 is installed\n`);
});

it('says who signed what was installed', () => {
  const signed = { role: 'targets', keys: [{ fingerprint: 'SHA256:a', name: 'Ada' }], until: '2026-12-01T00:00:00.000Z' };
  expect(receiptText(receipt({ signed }))).toMatch(/\n {4}1\.4\.0 is installed\n {4}signed by Ada\n$/);
});

it('shows what commands of the release wrote, where that may be seen', () => {
  const commands = [
    { command: 'helpers/migrate.sh --to 2', lines: ['one', 'two\u001b[2J'] },
    { command: 'helpers/quiet', lines: [] },
  ];
  expect(receiptText(receipt({ commands })).split('\n').slice(2, -1)).toEqual([
    "    ran 'helpers/migrate.sh --to 2' of the release, which wrote:",
    '      one',
    '      two [2J',
    "    ran 'helpers/quiet' of the release",
  ]);
});

it('names each file of the owner: where the copy is, and what was left', () => {
  const kept = (path: string) => ({ path, sha256: 'a'.repeat(64), copy: `/var/lib/pikit/edited/0123abcd${path}` });
  const told = receipt({
    foreign: [kept('/usr/local/bin/tool')],
    drift: ['/var/www/pikit-web/edited.css', '/var/www/pikit-web/mine'],
    edits: [kept('/var/www/pikit-web/edited.css')],
    left: ['/var/www/pikit-web/mine'],
    kept: ['/var/www/pikit-web/site.conf.pikit-new'],
  });
  expect(receiptText(told).split('\n').slice(2, -1)).toEqual([
    "    no release had installed '/usr/local/bin/tool'; your file is kept as '/var/lib/pikit/edited/0123abcd/usr/local/bin/tool'",
    "    '/var/www/pikit-web/edited.css' had been edited; the edited file is kept as '/var/lib/pikit/edited/0123abcd/var/www/pikit-web/edited.css'",
    "    '/var/www/pikit-web/mine' was not removed: it is no longer managed",
    "    your version of '/var/www/pikit-web/site.conf' is kept; the new version is '/var/www/pikit-web/site.conf.pikit-new'",
  ]);
});
