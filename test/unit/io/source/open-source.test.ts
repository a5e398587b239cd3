import { describe, expect, it } from 'vitest';
import { sourceOpener } from '../../../../lib/io/source/open-source.ts';
import { plainWire } from '../../../../lib/io/http/wire.ts';
import { device, netDeps } from '../../../helpers/device.ts';

const REQUEST = { branch: 'stable', what: 'the manifest', signal: new AbortController().signal };
const open = sourceOpener({
  userAgent: 'x',
  openWire: () => plainWire({}),
  readToken: () => {
    throw new Error('no token was asked for');
  },
});

describe('a site on any web server', () => {
  it.each([
    ['https://x.org/pikit', 'https://x.org/pikit/manifest.json', 'x.org'],
    ['https://x.org/pikit/', 'https://x.org/pikit/manifest.json', 'x.org'],
    ['https://x.org', 'https://x.org/manifest.json', 'x.org'],
    ['http://x.org:8080/a/b', 'http://x.org:8080/a/b/manifest.json', 'x.org:8080'],
    ['file:///media/usb', 'file:///media/usb/manifest.json', '/media/usb/'],
    ['file:///media/My%20Stick/', 'file:///media/My%20Stick/manifest.json', '/media/My Stick/'],
  ])('%s', async (url, expected, name) => {
    const source = open(netDeps(device({ url })).loadConfig());
    expect(source.name).toBe(name);
    const located = await source.locate('manifest.json', REQUEST);
    expect({ ...located, url: located.url.href }).toEqual({ url: expected, headers: {} });
  });

  it.each([
    ['stable', 'https://x.org/', 'branches.json', 'https://x.org/branches.json'],
    ['beta', 'https://x.org/', 'branches.json', 'https://x.org/branches.json?branch=beta'],
    ['beta', 'https://x.org/', 'manifest_beta.json', 'https://x.org/manifest_beta.json'],
    ['beta', 'file:///media/usb', 'branches.json', 'file:///media/usb/branches.json'],
  ])('is told who asks for the list only: %s at %s%s', async (branch, url, path, expected) => {
    const { url: located } = await open(netDeps(device({ url })).loadConfig()).locate(path, { ...REQUEST, branch });
    expect(located.href).toBe(expected);
  });
});

describe('sourceOpener', () => {
  it('opens a source once, and anew when another one is configured', () => {
    const on = device({ url: 'https://x.org/' });
    const first = open(netDeps(on).loadConfig());
    expect(open(netDeps(on).loadConfig())).toBe(first);
    on.configure({ url: 'https://y.org/' });
    expect(open(netDeps(on).loadConfig()).name).toBe('y.org');
  });
});
