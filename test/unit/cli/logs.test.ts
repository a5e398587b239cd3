import { expect, it } from 'vitest';
import { logsCommand } from '../../../lib/cli/logs.ts';
import { cliDevice } from '../../helpers/cli-device.ts';

it.each([
  [false, null, false, []],
  [false, null, true, ['--lines=200']],
  [true, null, true, ['--follow']],
  [true, 20, false, ['--follow', '--lines=20']],
])('asks journalctl (follow %s, %s lines, terminal %s), and ends with its exit code', async (follow, count, isTerminal, more) => {
  const { deps } = cliDevice();
  const asked: (readonly string[])[] = [];
  const journalctl = (args: readonly string[]) => {
    asked.push(args);
    return Promise.resolve(3);
  };
  expect(await logsCommand({ ...deps, terminal: { ...deps.terminal, isTerminal }, journalctl }, { follow, count })).toMatchObject({ exit: 3 });
  expect(asked).toEqual([['--unit=pikit-update-*', '--output=with-unit', ...more]]);
});

it('shows what others may have written as text', async () => {
  let out = '';
  const { deps } = cliDevice();
  const journalctl = (_args: readonly string[], onLine: (line: string) => void) => {
    onLine('pikit-update-check.service[7]: \u202e\u001b]0;title\u0007\u009b2Jdone');
    return Promise.resolve(0);
  };
  await logsCommand({ ...deps, terminal: { ...deps.terminal, out: (text) => (out += text) }, journalctl }, { follow: false, count: null });
  expect(out).toBe('pikit-update-check.service[7]:   ]0;title  2Jdone\n');
});

it('says that a device in a folder has no log', async () => {
  expect(await cliDevice().run('logs')).toEqual({
    exit: 1,
    out: '',
    err: "error: 'ROOT' is a folder and has no journal\nhint: `pikit-update history` shows what happened there\n",
  });
});
