import { describe, expect, it } from 'vitest';
import { openSource } from '../../../lib/io/source.ts';
import { device, netDeps } from '../../helpers/device.ts';

const REQUEST = { branch: 'stable', what: 'the manifest', signal: new AbortController().signal };

describe('a site on any web server', () => {
  it.each([
    ['https://x.org/pikit', 'https://x.org/pikit/manifest.json', 'x.org'],
    ['https://x.org/pikit/', 'https://x.org/pikit/manifest.json', 'x.org'],
    ['https://x.org', 'https://x.org/manifest.json', 'x.org'],
    ['http://x.org:8080/a/b', 'http://x.org:8080/a/b/manifest.json', 'x.org:8080'],
  ])('%s', async (url, expected, name) => {
    const source = openSource(netDeps(device({ url })).loadConfig());
    expect(source.name).toBe(name);
    const located = await source.locate('manifest.json', REQUEST);
    expect({ ...located, url: located.url.href }).toEqual({ url: expected, headers: {} });
  });
});
