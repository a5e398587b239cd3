import { expect, it } from 'vitest';
import { logsCommand } from '../../../lib/cli/logs.ts';
import { cliDevice } from '../../helpers/cli-device.ts';

it.each([
  [false, null, []],
  [true, 20, ['--follow', '--lines=20']],
])('asks journalctl (follow %s, %s lines), and ends with its exit code', async (follow, count, more) => {
  const asked: (readonly string[])[] = [];
  const journalctl = (args: readonly string[]) => {
    asked.push(args);
    return Promise.resolve(3);
  };
  expect(await logsCommand({ ...cliDevice().deps, journalctl }, { follow, count })).toMatchObject({ exit: 3 });
  expect(asked).toEqual([['--unit=pikit-update-*', ...more]]);
});

it('says that a folder has no journal', async () => {
  expect(await cliDevice().run('logs')).toEqual({
    exit: 1,
    out: '',
    err: "error: 'ROOT' is a folder and has no journal\nhint: `pikit-update history` shows what happened there\n",
  });
});
