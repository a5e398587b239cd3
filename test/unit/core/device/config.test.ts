import { describe, expect, it } from 'vitest';
import { isSourceUnset, parseConfig } from '../../../../lib/core/device/config.ts';
import { UpdateError } from '../../../../lib/core/errors.ts';
import { containing } from '../../../helpers/matchers.ts';

const SOURCE = { type: 'static', url: 'https://updates.example.org/pikit' };

function parse(fields: Record<string, unknown>): ReturnType<typeof parseConfig> {
  return parseConfig({ source: SOURCE, ...fields }, '/etc/pikit/update.toml');
}

const DURATION = 'must be a duration such as 500ms, 30s, 10min or 1h, more than 0 and at most 576h';
/** Of the cases below: no address was written down at all. */
const UNSET = ['no-source', 'url-missing', 'repository-missing'];
const SIZE = 'must be a size such as 2048, 64KiB or 512MiB';

describe('parseConfig', () => {
  it('needs a source, and has a default for everything else', () => {
    expect(parse({})).toEqual({
      source: SOURCE,
      target: [
        { from: 'pikit-web/', to: '/var/www/pikit-web/' },
        { from: 'pikit-api.py', to: '/usr/local/bin/pikit-api.py' },
        { from: 'helpers/', to: '/usr/local/bin/' },
      ],
      services: { manager: 'systemd', restart: ['dietpi-dashboard-frontend.service', 'pikit-api.service'], allow: [] },
      post_install: { allow_unsigned: false, timeout: 60_000, write: [] },
      health: { http: [], timeout: 30_000, settle: 2000 },
      limits: {
        bundle_bytes: 512 * 1024 * 1024,
        files: 20_000,
        download_rate: 0,
        download_min_rate: 1024,
        download_timeout: 600_000,
        check_timeout: 30_000,
        retries: 3,
        backups: 1,
      },
      api: { hosts: [] },
    });
  });

  it('reads every key', () => {
    const given = {
      source: { type: 'static', url: 'http://192.168.1.5:8080/pikit/' },
      target: [{ from: 'web/', to: '/srv/web/' }],
      services: { manager: 'none', restart: [], allow: ['x.service'] },
      post_install: { allow_unsigned: true, timeout: '2min' },
      health: { http: ['http://127.0.0.1/', 'https://pi.local/x?y'], timeout: '1h', settle: '0s' },
      limits: {
        bundle_bytes: 2048,
        files: 5,
        download_rate: '1.5MiB',
        download_min_rate: 0,
        download_timeout: '576h',
        check_timeout: '500ms',
        retries: 0,
        backups: 1,
      },
      api: { hosts: ['Pikit.Example', 'pikit.example:8443', '[fd00::1]'] },
    };
    expect(parse(given)).toEqual({
      ...given,
      post_install: { allow_unsigned: true, timeout: 120_000, write: [] },
      health: { ...given.health, timeout: 3_600_000, settle: 0 },
      limits: { ...given.limits, download_rate: 1_572_864, download_timeout: 2_073_600_000, check_timeout: 500 },
      api: { hosts: ['pikit.example', 'pikit.example:8443', '[fd00::1]'] },
    });
  });

  it.each([
    ['no-source', { source: undefined }, `'source' is missing: a source has type = "static" or "gitea", and a url`],
    ['source-text', { source: 'https://x' }, `'source' is "https://x": a source has type`],
    ['source-type', { source: { type: 'ftp', url: SOURCE.url } }, `'source.type' is "ftp": a source has type = "static"`],
    ['source-type-missing', { source: { url: SOURCE.url } }, `'source.type' is missing: a source has type = "static"`],
    ['url-missing', { source: { type: 'static' } }, `'source.url' is missing: must be an http://, https:// or file:/// address`],
    ['url-nonsense', { source: { ...SOURCE, url: 'here' } }, `'source.url' is "here": must be an http://, https:// or file:/// address`],
    ['url-ftp', { source: { ...SOURCE, url: 'ftp://x.org/' } }, `'source.url' is "ftp://x.org/": must be an http`],
    ['url-file-host', { source: { ...SOURCE, url: 'file://nas/share' } }, `'source.url' is "file://nas/share": must name a folder of this device`],
    ['url-file-nul', { source: { ...SOURCE, url: 'file:///a%00b' } }, `'source.url' is "file:///a%00b": must name a folder`],
    ['url-file-slash', { source: { ...SOURCE, url: 'file:///a%2Fb' } }, `'source.url' is "file:///a%2Fb": must name a folder`],
    ['url-file-query', { source: { ...SOURCE, url: 'file:///a?b' } }, `'source.url' is "file:///a?b": must be an address without`],
    ['repository-missing', { source: { type: 'gitea' } }, `'source.url' is missing: must be an http:// or https:// address`],
    ['repository-file', { source: { type: 'gitea', url: 'file:///a/b' } }, `'source.url' is "file:///a/b": must be an http:// or https://`],
    [
      'repository-owner',
      { source: { type: 'gitea', url: 'https://x.org/owner' } },
      `'source.url' is "https://x.org/owner": must be the address of a`,
    ],
    ['repository-token', { source: { type: 'gitea', url: 'https://abc@x.org/o/r' } }, `'source.url' is "https://***@x.org/o/r": must be an address`],
    ['repository-extra', { source: { type: 'gitea', url: 'https://x.org/o/r', token: 'abc' } }, `'source': unknown key token; known are type, url`],
    ['url-number', { source: { ...SOURCE, url: 5 } }, `'source.url' is 5: must be an http`],
    [
      'url-password',
      { source: { ...SOURCE, url: 'https://me:pw@x.org/' } },
      `'source.url' is "https://***@x.org/": must be an address without user name`,
    ],
    ['url-query', { source: { ...SOURCE, url: 'https://x.org/?a=b' } }, `'source.url' is "https://x.org/?a=b": must be an address without`],
    ['url-fragment', { source: { ...SOURCE, url: 'https://x.org/#a' } }, `'source.url' is "https://x.org/#a": must be an address without`],
    ['source-unknown-key', { source: { ...SOURCE, branch: 'x' } }, `'source': unknown key branch; known are type, url`],
    ['unknown-table', { sorce: {}, helth: {} }, 'unknown key sorce, helth; known are source, target, services, post_install, health, limits'],
    ['unknown-limit', { limits: { file: 1 } }, `'limits': unknown key file; known are bundle_bytes, files, download_rate`],
    ['table-as-list', { health: [] }, `'health': must be a table of keys and values`],
    ['no-target', { target: [] }, `'target': must have at least 1 entry`],
    ['target-text', { target: 'x' }, `'target' is "x": must be a list`],
    ['target-from-missing', { target: [{ to: '/x' }] }, `'target[0].from' is missing`],
    ['target-from-absolute', { target: [{ from: '/x', to: '/x' }] }, `'target[0].from' is "/x": must be a path inside a release`],
    ['target-from-climbs', { target: [{ from: '../x', to: '/x' }] }, `'target[0].from' is "../x": must be a path inside a release`],
    ['target-from-ours', { target: [{ from: '.pikit-x', to: '/x' }] }, `'target[0].from' is ".pikit-x": must be a path inside a release`],
    ['target-from-empty', { target: [{ from: '', to: '/x' }] }, `'target[0].from' is "": must be a path inside a release`],
    ['target-to-relative', { target: [{ from: 'x', to: 'x' }] }, `'target[0].to' is "x": must be an absolute path of plain names`],
    ['target-to-climbs', { target: [{ from: 'x', to: '/a/../x' }] }, `'target[0].to' is "/a/../x": must not have '.' or '..' in it`],
    ['target-to-dot', { target: [{ from: 'x', to: '/./x' }] }, `must not have '.' or '..' in it`],
    ['target-to-root', { target: [{ from: 'x/', to: '/' }] }, `'target[0].to' is "/": must be an absolute path of plain names`],
    ['target-to-double-slash', { target: [{ from: 'x', to: '/a//x' }] }, `'target[0].to' is "/a//x": must be an absolute path`],
    ['target-to-blank', { target: [{ from: 'x', to: '/a b' }] }, `'target[0].to' is "/a b": must be an absolute path`],
    ['target-folder-to-file', { target: [{ from: 'x/', to: '/x' }] }, `'target[0]': 'from' and 'to' must both end in '/'`],
    ['target-file-to-folder', { target: [{ from: 'x', to: '/x/' }] }, `'target[0]': 'from' and 'to' must both end in '/'`],
    ['target-unknown-key', { target: [{ from: 'x', to: '/x', mode: 1 }] }, `'target[0]': unknown key mode; known are from, to`],
    ['manager', { services: { manager: 'runit' } }, `'services.manager' is "runit": must be one of "systemd", "none"`],
    ['restart-text', { services: { restart: 'x' } }, `'services.restart' is "x": must be a list`],
    ['restart-path', { services: { restart: ['x', '../y'] } }, `'services.restart[1]' is "../y": must be the name of a unit`],
    ['allow-option', { services: { allow: ['-H host'] } }, `'services.allow[0]' is "-H host": must be the name of a unit`],
    ['allow-unsigned-text', { post_install: { allow_unsigned: 'yes' } }, `'post_install.allow_unsigned' is "yes": must be true or false`],
    ['post-install-timeout', { post_install: { timeout: '1 year' } }, `'post_install.timeout' is "1 year": ${DURATION}`],
    ['health-address', { health: { http: ['tcp://x'] } }, `'health.http[0]' is "tcp://x": must be an http:// or https:// address`],
    ['health-timeout-zero', { health: { timeout: '0s' } }, `'health.timeout' is "0s": ${DURATION}`],
    ['health-settle-negative', { health: { settle: '-1s' } }, `'health.settle' is "-1s": must be a duration such as`],
    ['duration-number', { limits: { check_timeout: 30 } }, `'limits.check_timeout' is 30: ${DURATION}`],
    ['duration-without-unit', { limits: { check_timeout: '30' } }, `'limits.check_timeout' is "30": ${DURATION}`],
    ['duration-beyond-timers', { limits: { download_timeout: '600h' } }, `'limits.download_timeout' is "600h": ${DURATION}`],
    ['size-words', { limits: { download_rate: 'fast' } }, `'limits.download_rate' is "fast": ${SIZE}`],
    ['size-negative', { limits: { bundle_bytes: -1 } }, `'limits.bundle_bytes' is -1: `],
    ['size-fraction', { limits: { bundle_bytes: 1.5 } }, `'limits.bundle_bytes' is 1.5: `],
    ['size-boolean', { limits: { bundle_bytes: true } }, `'limits.bundle_bytes' is true: ${SIZE}`],
    ['size-endless', { limits: { bundle_bytes: '99999999999GiB' } }, `'limits.bundle_bytes' is "99999999999GiB": ${SIZE}`],
    ['files-zero', { limits: { files: 0 } }, `'limits.files' is 0: must be more than 0`],
    ['files-infinite', { limits: { files: Number.POSITIVE_INFINITY } }, `'limits.files' is Infinity: `],
    ['retries-too-many', { limits: { retries: 11 } }, `'limits.retries' is 11: must be at most 10`],
    ['host-url', { api: { hosts: ['http://pikit'] } }, `'api.hosts[0]' is "http://pikit": must be a host name, or host:port`],
    ['host-dot', { api: { hosts: ['pikit.'] } }, `'api.hosts[0]' is "pikit.": must be a host name`],
    ['host-any', { api: { hosts: ['*'] } }, `'api.hosts[0]' is "*": must be a host name`],
    ['two-backups', { limits: { backups: 2 } }, `'limits.backups' is 2: must be 1`],
    ['escape-codes', { services: { manager: '\u001b[2J' } }, `'services.manager' is "\\u001b[2J"`],
    [
      'ca-in-a-target',
      { source: { ...SOURCE, ca: '/var/www/pikit-web/ca.pem' } },
      "'source.ca' is \"/var/www/pikit-web/ca.pem\": lies in the target '/var/www/pikit-web/'",
    ],
    ['ca-deep-in-a-target', { source: { ...SOURCE, ca: '/var/www/pikit-web/a b/ca.pem' } }, "lies in the target '/var/www/pikit-web/'"],
    [
      'ca-is-a-target',
      { source: { ...SOURCE, ca: '/srv/ca.pem' }, target: [{ from: 'ca.pem', to: '/srv/ca.pem' }] },
      "lies in the target '/srv/ca.pem'",
    ],
    ['ca-by-another-spelling', { source: { ...SOURCE, ca: '/var/www/../www//pikit-web/ca.pem' } }, "lies in the target '/var/www/pikit-web/'"],
    ['ca-in-shared-folder', { source: { ...SOURCE, ca: '/usr/local/bin/ca.pem' } }, "lies in the target '/usr/local/bin/'"],
    ['source-typing-error', { source: { type: 'static', ulr: SOURCE.url } }, `'source.url' is missing`],
  ])('refuses %s, naming key, value and what is allowed', (name, fields, says) => {
    const hint = !UNSET.includes(name) ? "edit '/etc/pikit/update.toml'" : "set the source in '/etc/pikit/update.toml'";
    expect(() => parse(fields)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message: containing(says), hint: containing(hint) }));
  });

  it.each(['/etc/pikit/ca.pem', '/usr/local/share/ca.pem', '/var/www/pikit-web.pem', '/var/www/ca.pem'])(
    'takes an authority outside of all targets: %s',
    (ca) => {
      expect(parse({ source: { ...SOURCE, ca } }).source.ca).toBe(ca);
    },
  );

  it.each<[string, Record<string, unknown>, boolean]>([
    ['no-source', {}, true],
    ['empty-source', { source: {} }, true],
    ['no-address', { source: { type: 'static' } }, true],
    ['empty-address', { source: { type: 'gitea', url: '' } }, true],
    ['typing-error', { source: { type: 'static', ulr: 'https://x.org' } }, false],
    ['other-type', { source: { type: 'ftp', url: 'ftp://x.org' } }, false],
    ['source-is-a-text', { source: 'https://x.org' }, false],
    ['other-mistake', { source: SOURCE, limits: { files: 0 } }, false],
  ])('knows whether no source is set yet: %s', (_name, fields, isUnset) => {
    try {
      parseConfig(fields, '/etc/pikit/update.toml');
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(UpdateError);
      expect(error instanceof UpdateError && isSourceUnset(error)).toBe(isUnset);
    }
  });

  it.each([[3], ['text'], [null], [[]]])('refuses a document that is %j', (value) => {
    expect(() => parseConfig(value, 'x')).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  it.each([
    ['a folder of this device', { type: 'static', url: 'file:///media/usb/pikit' }],
    ['a folder with blanks', { type: 'static', url: 'file:///media/My%20Stick/' }],
    ['a repository', { type: 'gitea', url: 'https://git.example.org/owner/repo' }],
    ['a repository on a server in a folder', { type: 'gitea', url: 'http://192.168.1.5:3000/git/owner/repo.git' }],
  ])('takes %s as a source', (_name, source) => {
    expect(parse({ source }).source).toEqual(source);
  });

  it('names several mistakes at once', () => {
    const fields = { limits: { files: 0, retries: -1 }, services: { manager: 'x' }, health: { timeout: 'x' } };
    expect(() => parse(fields)).toThrow(/'services\.manager'.*; 'health\.timeout'.*; 'limits\.files'.*; and 1 more$/);
  });
});
