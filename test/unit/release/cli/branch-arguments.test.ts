import { describe, expect, it } from 'vitest';
import { parseReleaseCommand } from '../../../../lib/release/cli/arguments.ts';
import { containing, matching } from '../../../helpers/matchers.ts';

const parse = (line: string) => parseReleaseCommand(['branch', ...(line === '' ? [] : line.split(' '))], { env: {}, now: new Date(0) });
const parseBranch = (words: string[]) => parseReleaseCommand(['branch', ...words], { env: {}, now: new Date(0) });

describe('parseBranch', () => {
  it.each<[string, { verb: string; [key: string]: unknown }]>([
    ['list --site s', { verb: 'list' }],
    ['add beta --site s', { verb: 'add', name: 'beta', fields: {} }],
    ['add test_1234 --hidden --disabled --site s', { verb: 'add', name: 'test_1234', fields: { visible: false, enabled: false } }],
    [
      'add beta --display-name Бета --description δοκιμή --not-on linux --not-on macos --on windows --site s',
      { verb: 'add', name: 'beta', fields: { display_name: 'Бета', description: 'δοκιμή', linux: false, macos: false, windows: true } },
    ],
    ['edit beta --on linux --site s', { verb: 'edit', name: 'beta', fields: { linux: true } }],
    ['edit beta --description= --site s', { verb: 'edit', name: 'beta', fields: { description: '' } }],
    ['enable beta --site s', { verb: 'enable', names: ['beta'], fields: { enabled: true } }],
    ['disable beta nightly beta --site s', { verb: 'disable', names: ['beta', 'nightly'], fields: { enabled: false } }],
    ['hide beta --site s', { verb: 'hide', names: ['beta'], fields: { visible: false } }],
    ['show --site s beta', { verb: 'show', names: ['beta'], fields: { visible: true } }],
    ['remove a b --site s', { verb: 'remove', names: ['a', 'b'] }],
  ])('reads: %s', (line, command) => {
    expect(parse(line)).toEqual({ name: 'branch', json: false, site: 's', keys: { keys: null, fd: null, command: null }, command });
    expect(parse(`${line} --json`)).toMatchObject({ json: true });
    expect(parse(`${line} --help`)).toEqual({ name: 'help', of: `branch ${command.verb}`, group: null });
  });

  it.each([
    ['', /^branch needs to know what to do$/],
    ['--site s', /^branch needs to know what to do$/],
    ['ad beta --site s', /^unknown command 'branch ad'$/],
    ['list', /--site is missing/],
    ['add --site s', /^branch add needs the name/],
    ['add a b --site s', /'b' is one argument too many/],
    ['add list --site s', /'list' is not a valid branch name/],
    ['add stable --site s', /'stable' is built in/],
    ['remove beta stable --site s', /'stable' is built in/],
    ['add Beta --site s', /'Beta' is not a valid branch name/],
    ['add beta-2 --site s', /'beta-2' is not a valid/],
    ['add ../x --site s', /'\.\.\/x' is not a valid/],
    [`add ${'b'.repeat(65)} --site s`, /'b{65}' is not a valid/],
    ['add beta --not-on amiga --site s', /'amiga' is not a platform/],
    ['edit beta --on linux --not-on linux --site s', /--on and --not-on both name 'linux'/],
    ['edit beta --site s', /not told what to change/],
    ['disable --site s', /^branch disable needs the name/],
    ['hide beta', /^--site is missing$/],
  ])('refuses: %s', (line, says) => {
    expect(() => parse(line)).toThrow(expect.objectContaining({ code: 'USAGE', message: matching(says) }));
  });

  it('names what was meant', () => {
    expect(() => parse('disble beta --site s')).toThrow(expect.objectContaining({ hint: containing("did you mean 'branch disable'?") }));
  });

  it('refuses a name that would garble a list', () => {
    expect(() => parseBranch(['add', 'beta', '--site', 's', '--display-name', 'a\u001b[2Jb'])).toThrow(
      expect.objectContaining({ code: 'INPUT_REFUSED', message: containing('U+001B') }),
    );
    expect(() => parseBranch(['edit', 'beta', '--site', 's', '--display-name', ''])).toThrow(expect.objectContaining({ code: 'INPUT_REFUSED' }));
    expect(() => parseBranch(['edit', 'beta', '--site', 's', '--description', 'a\nb'])).toThrow(expect.objectContaining({ code: 'INPUT_REFUSED' }));
  });
});
