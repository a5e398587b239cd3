import { describe, expect, it } from 'vitest';
import { parseCommand } from '../../../lib/cli/arguments.ts';
import { matching } from '../../helpers/matchers.ts';

const parse = (line: string) => parseCommand(line === '' ? [] : line.split(' '));

describe('parseCommand', () => {
  it.each([
    ['status', { name: 'status', json: false }],
    ['status --json', { name: 'status', json: true }],
    ['check', { name: 'check', json: false }],
    ['apply', { name: 'apply', json: false, version: null, replace: [] }],
    ['apply --version 1.4.0-beta.1', { name: 'apply', json: false, version: '1.4.0-beta.1', replace: [] }],
    ['apply --replace /usr/local/bin/tool --replace //a/../b', { name: 'apply', json: false, version: null, replace: ['/usr/local/bin/tool', '/b'] }],
    ['apply --help', { name: 'help', of: 'apply', group: null }],
    ['rollback', { name: 'rollback', json: false }],
    ['cancel --json', { name: 'cancel', json: true }],
    ['branch', { name: 'branch', json: false, wanted: { is: 'list' } }],
    ['branch list --json', { name: 'branch', json: true, wanted: { is: 'list' } }],
    ['branch test_1234', { name: 'branch', json: false, wanted: { is: 'choose', branch: 'test_1234' } }],
    ['branch --dismiss', { name: 'branch', json: false, wanted: { is: 'dismiss', id: null } }],
    ['branch --dismiss branch-removed:beta', { name: 'branch', json: false, wanted: { is: 'dismiss', id: 'branch-removed:beta' } }],
    ['auto', { name: 'auto', json: false, auto: null, time: null }],
    ['auto install --time 23:59', { name: 'auto', json: false, auto: 'install', time: '23:59' }],
    ['auto --time 00:00', { name: 'auto', json: false, auto: null, time: '00:00' }],
    ['history -n 3', { name: 'history', json: false, count: 3 }],
    ['logs -f', { name: 'logs', follow: true, count: null }],
    ['logs --follow --lines 20', { name: 'logs', follow: true, count: 20 }],
    ['plan', { name: 'plan', json: false }],
    ['trust', { name: 'trust', json: false, wanted: { is: 'show' } }],
    ['trust show --json', { name: 'trust', json: true, wanted: { is: 'show' } }],
    ['trust reset -y', { name: 'trust', json: false, wanted: { is: 'reset', yes: true } }],
    ['trust ./show', { name: 'trust', json: false, wanted: { is: 'set', from: { is: 'file', path: './show' }, fingerprints: [], yes: false } }],
    ['trust - --yes', { name: 'trust', json: false, wanted: { is: 'set', from: { is: 'input' }, fingerprints: [], yes: true } }],
    [
      `trust --from-source --fingerprint ${'0'.repeat(64)}`,
      {
        name: 'trust',
        json: false,
        wanted: { is: 'set', from: { is: 'source' }, fingerprints: [`SHA256:${'A'.repeat(43)}`], yes: false },
      },
    ],
    ['--help', { name: 'help', of: null, group: null }],
    ['-h', { name: 'help', of: null, group: null }],
    ['help auto', { name: 'help', of: 'auto', group: null }],
    ['--version', { name: 'version' }],
  ])('%s', (line, expected) => {
    expect(parse(line)).toEqual(expected);
  });

  it.each([
    ['', /^no command was given$/, /commands are status, check/],
    ['stauts', /^unknown command 'stauts'$/, /^did you mean 'status'\? commands are/],
    ['upgrade', /^unknown command 'upgrade'$/, /^commands are/],
    ['--verbose', /^unknown option '--verbose'$/, /^commands are/],
    ['apply --force', /^unknown option '--force'$/, /takes --help, --json, --version …, --replace …$/],
    ['apply 1.4.0', /^'1\.4\.0' is one argument too many$/, /--version …, --replace …$/],
    ['apply --version', /^option '--version <value>' argument missing$/, /takes/],
    ['apply --version v1.4', /^--version: 'v1\.4' is not a semantic version$/, /MAJOR\.MINOR\.PATCH/],
    ['branch Beta', /^'Beta' is not a valid branch name$/, /a-z, 0-9 and _/],
    ['branch beta rc', /^'rc' is one argument too many$/, /takes list, NAME, --help, --json, --dismiss$/],
    ['auto instal', /^'instal' is not a choice for auto$/, /^did you mean 'install'\? allowed: off, check, download, install$/],
    ['auto never', /^'never' is not a choice for auto$/, /^allowed: off/],
    ['auto check off', /^'off' is one argument too many$/, /takes off, check/],
    ['auto --time 4:20', /^--time '4:20' is not a time of day$/, /00:00 to 23:59/],
    ['auto --time 24:00', /^--time '24:00'/, /00:00 to 23:59/],
    ['auto --time 04:20;reboot', /^--time '04:20;reboot'/, /00:00/],
    ['trust show --yes', /^`trust show` does not take --yes$/, /\.\/show or \.\/reset$/],
    ['trust reset --fingerprint x', /^`trust reset` does not take --fingerprint$/, /./],
    ['trust --fingerprint x', /^--fingerprint needs a root to trust$/, /^name a file or --from-source/],
    ['trust root.json --from-source', /^'root\.json' and --from-source exclude each other$/, /./],
    ['trust root.json --fingerprint SHA256:x', /^--fingerprint 'SHA256:x' is not a fingerprint$/, /64 hexadecimal digits$/],
    ['history -n 0', /^-n '0' is not a number of lines$/, /1 to 999999/],
    ['history -n -5', /./, /./],
    ['logs --json', /^unknown option '--json'$/, /-n …, -f$/],
  ])('refuses %j', (line, message, hint) => {
    expect(() => parse(line)).toThrow(expect.objectContaining({ code: 'USAGE', message: matching(message), hint: matching(hint) }));
  });
});
