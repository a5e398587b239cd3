import { describe, expect, it } from 'vitest';
import type { Program } from '../../../../lib/core/command-line/command-table.ts';
import { choiceOf, chooseCommand, parseWith, usage, usageLine } from '../../../../lib/core/command-line/command-table.ts';
import { matching } from '../../../helpers/matchers.ts';

const COMMANDS = {
  send: {
    summary: 'send it',
    words: { text: 'FILE', most: 1 },
    options: {
      to: { type: 'string', value: 'WHO', required: true, text: 'to whom' },
      tag: { type: 'string', multiple: true, short: 't', value: 'TAG', text: 'with this' },
      json: { type: 'boolean', default: false, text: 'as JSON' },
    },
  },
  'box list': { summary: 'list boxes', options: {} },
  'box remove': { summary: 'remove boxes', words: { text: 'NAME ...', most: Infinity }, options: {} },
} as const;
const PROGRAM: Program<typeof COMMANDS> = { name: 'mailer', commands: COMMANDS, end: [] };
const choose = (line: string): unknown => chooseCommand(PROGRAM, line === '' ? [] : line.split(' '));
const parse = (line: string) => parseWith(PROGRAM, 'send', line === '' ? [] : line.split(' '));

describe('chooseCommand', () => {
  it.each<[string, object]>([
    ['send a --to b', { name: 'command', of: 'send', rest: ['a', '--to', 'b'] }],
    ['box remove a b', { name: 'command', of: 'box remove', rest: ['a', 'b'] }],
    ['send --nonsense --help', { name: 'help', of: 'send', group: null }],
    ['box list -h', { name: 'help', of: 'box list', group: null }],
    ['box --help', { name: 'help', of: null, group: 'box' }],
    ['help', { name: 'help', of: null, group: null }],
    ['help box', { name: 'help', of: null, group: 'box' }],
    ['help box list', { name: 'help', of: 'box list', group: null }],
    ['help nonsense', { name: 'help', of: null, group: null }],
    ['--version', { name: 'version' }],
    ['send -- --help', { name: 'command', of: 'send', rest: ['--', '--help'] }],
  ])('%s', (line, expected) => {
    expect(choose(line)).toEqual(expected);
  });

  it.each([
    ['', /^no command/, /^commands are send, box; `mailer --help` explains them$/],
    ['sned', /^unknown command 'sned'$/, /^did you mean 'send'\? commands are send, box$/],
    ['toString', /^unknown command/, /^commands are/],
    ['box', /^box needs to know what to do$/, /^`box` takes list, remove$/],
    ['box lits', /^unknown command 'box lits'$/, /^did you mean 'box list'\?/],
    ['--json send', /stands before the command$/, /^options come after the command: mailer COMMAND --json/],
    ['--loud', /^unknown option '--loud'$/, /^commands are/],
  ])('refuses %j', (line, message, hint) => {
    expect(() => choose(line)).toThrow(expect.objectContaining({ code: 'USAGE', message: matching(message), hint: matching(hint) }));
  });
});

describe('parseWith', () => {
  it('gives what the table says', () => {
    expect(parse('a --to b -t c --tag d --json')).toMatchObject({ values: { to: 'b', tag: ['c', 'd'], json: true }, positionals: ['a'] });
  });

  it.each([
    ['--ot b', /^unknown option '--ot'$/, /^did you mean '--to'\? `mailer send` takes FILE, --help, --to …, -t …, --json$/],
    ['a', /^--to is missing$/, /^give --to WHO: mailer send FILE --to WHO/],
    ['--to=', /^--to is missing$/, /./],
    ['--to', /argument missing$/, /takes FILE/],
    ['a b --to c', /^'b' is one argument too many$/, /takes FILE/],
    ['--to a --to b', /^--to is given twice$/, /once/],
    ['--to a --json=yes', /does not take an argument$/, /takes/],
  ])('refuses %j', (line, message, hint) => {
    expect(() => parse(line)).toThrow(expect.objectContaining({ code: 'USAGE', message: matching(message), hint: matching(hint) }));
  });
});

it('knows one of several words, and what was meant', () => {
  expect(choiceOf('a', ['a', 'b'], 'no')).toBe('a');
  expect(() => choiceOf('linxu', ['linux', 'macos'], 'no')).toThrow(
    expect.objectContaining({ message: 'no', hint: "did you mean 'linux'? allowed: linux, macos" }),
  );
  expect(usage('m', 'h')).toMatchObject({ code: 'USAGE', message: 'm', hint: 'h' });
  expect(usageLine('mailer', 'send', COMMANDS.send)).toBe('mailer send FILE --to WHO [-t TAG] ... [--json]');
});
