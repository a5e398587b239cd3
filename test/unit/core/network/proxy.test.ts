import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../../lib/core/device/config.ts';
import { proxyFor, proxyName } from '../../../../lib/core/network/proxy.ts';
import { containing } from '../../../helpers/matchers.ts';

type Way = { proxy?: unknown; no_proxy?: unknown; ca?: unknown };

function configOf(way: Way, url = 'https://updates.example.org/pikit') {
  return parseConfig({ source: { type: 'static', url, ...way } }, 'update.toml');
}

it.each([
  ['http://proxy.lan:3128', 'http://proxy.lan:3128', null],
  ['http://proxy.lan:3128/', 'http://proxy.lan:3128', null],
  ['https://proxy.lan', 'https://proxy.lan', null],
  ['http://[fd00::1]:3128', 'http://[fd00::1]:3128', null],
  ['http://me:pa%40ss@proxy.lan:3128', 'http://proxy.lan:3128', `Basic ${Buffer.from('me:pa@ss').toString('base64')}`],
])('%s is a proxy', (proxy, name, authorization) => {
  const config = configOf({ proxy });
  expect(proxyFor(config, new URL('http://x.org/'))).toEqual({ url: new URL(name), name, authorization });
  expect(proxyName(config)).toBe(name);
});

it('is none when there is none, and for a folder of the device', () => {
  expect(proxyName(configOf({}))).toBeNull();
  expect(proxyName(configOf({ proxy: 'http://proxy.lan:3128' }, 'file:///media/usb'))).toBeNull();
});

describe('without the proxy', () => {
  it.each([
    ['example.org', 'https://updates.example.org/', true],
    ['.example.org', 'https://updates.example.org/', true],
    ['*.example.org', 'https://updates.example.org/', true],
    ['Updates.Example.Org', 'https://updates.example.org./', true],
    ['ample.org', 'https://updates.example.org/', false],
    ['updates.example.org:443', 'https://updates.example.org/', true],
    ['updates.example.org:8443', 'https://updates.example.org/', false],
    ['nas:80', 'http://nas/', true],
    ['192.168.0.0/16', 'http://192.168.4.5/', true],
    ['192.168.0.0/16', 'http://10.0.0.1/', false],
    ['127.0.0.1', 'http://127.0.0.1:8080/', true],
    ['127.0.0.1:8080', 'http://127.0.0.1:8080/', true],
    ['fd00::/8', 'http://[fd00::5]/', true],
    ['[fd00::5]:8080', 'http://[fd00::5]:8080/', true],
    ['*', 'https://anything.example/', true],
  ])('%s: %s %s', (entry, url, straight) => {
    const config = configOf({ proxy: 'http://proxy.lan:3128', no_proxy: ['other.example', entry] });
    expect(proxyFor(config, new URL(url)) === null).toBe(straight);
  });
});

it.each<[Way, string]>([
  [{ proxy: 'socks5://proxy.lan:1080' }, '\'source.proxy\' is "socks5://proxy.lan:1080": must be http://host:port or https://host:port'],
  [{ proxy: 'proxy.lan:3128' }, 'must be http://host:port'],
  [{ proxy: 'http://proxy.lan/path' }, 'must be http://host:port'],
  [{ proxy: 'http://me:100%@proxy.lan' }, '"http://***@proxy.lan"'],
  [{ proxy: 'http://me:se/cr@et@proxy.lan:x' }, '"http://***@proxy.lan:x"'],
  [{ proxy: 5 }, "'source.proxy' is 5"],
  [{ no_proxy: 'localhost,.lan' }, 'must be a list such as ["localhost", ".lan", "192.168.0.0/16"]'],
  [{ no_proxy: ['http://x.org/'] }, 'must be a host (with all below it)'],
  [{ ca: 'ca.pem' }, '\'source.ca\' is "ca.pem": must be the absolute path of a file'],
])('%j is refused by key and value, without its login', (way, says) => {
  expect(() => configOf(way)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message: containing(says) }));
  expect(() => configOf(way)).not.toThrow(/se\/cr|100%/);
});
