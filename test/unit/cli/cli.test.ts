import { describe, expect, it } from 'vitest';
import { UPDATE } from '../../../lib/cli/usage.ts';
import { cliDevice } from '../../helpers/cli-device.ts';
import { containing, matching } from '../../helpers/matchers.ts';

describe('runPikitUpdate', () => {
  it.each([
    ['--help', /^usage: pikit-update COMMAND\n/],
    ['apply --help', /^usage: pikit-update apply \[--json\] \[--version V\]/],
    ['--version', /^pikit-update 1\.2\.3\n$/],
  ])('%s', async (line, out) => {
    expect(await cliDevice().run(line)).toEqual({ exit: 0, out: matching(out), err: '' });
  });

  it('explains a mistake in two lines, and exits with 2', async () => {
    expect(await cliDevice().run('stauts')).toEqual({
      exit: 2,
      out: '',
      err: `error: unknown command 'stauts'\nhint: did you mean 'status'? commands are ${Object.keys(UPDATE.commands).join(', ')}\n`,
    });
    expect(await cliDevice().run('')).toMatchObject({ exit: 2, out: '', err: containing('no command was given') });
  });

  it('puts errors into the JSON as well', async () => {
    const { exit, out, err } = await cliDevice().run('apply --json --version x');
    expect({ exit, err }).toMatchObject({ exit: 2, err: matching(/^error: --version: 'x'/) });
    expect(JSON.parse(out)).toEqual({
      error: { code: 'USAGE', message: "--version: 'x' is not a semantic version", hint: containing('MAJOR.MINOR.PATCH') },
    });
  });

  it('turns whatever happens into an error with a code', async () => {
    const device = cliDevice();
    device.onStart = () => Promise.reject(new Error('unheard of'));
    expect(await device.run('check')).toMatchObject({ exit: 1, out: '', err: matching(/^error: unheard of\nhint: this is a bug in the updater/) });
  });

  it.each(['status', 'check', 'apply', 'rollback', 'cancel', 'auto', 'history', 'plan'])('%s --json is JSON and nothing else', async (command) => {
    const { exit, out } = await cliDevice().run(`${command} --json`);
    expect(exit).toBe(0);
    expect(() => {
      JSON.parse(out);
    }).not.toThrow();
  });
});
