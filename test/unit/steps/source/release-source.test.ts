import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cachedRelease, requestRelease } from '../../../../lib/steps/source/release-source.ts';
import { sha256 } from '../../../helpers/archive-builder.ts';
import { netDeps } from '../../../helpers/device.ts';
import { containing } from '../../../helpers/matchers.ts';
import { onSite } from '../published.ts';
import { bytes, status } from '../site-server.ts';

describe('requestRelease', () => {
  it('answers with the bytes and their digest, and keeps them', async () => {
    const { on, site } = await onSite(['1.0.0']);
    const deps = netDeps(on);
    const config = deps.loadConfig();
    const release = await requestRelease(deps, config, 'stable');
    const raw = fs.readFileSync(`${site}/manifest.json`);
    expect(release.bytes.equals(raw)).toBe(true);
    expect(release.sha256).toBe(sha256(raw));
    expect(cachedRelease(deps, config, 'stable')).toEqual(release);
  });

  it.each([
    ['no JSON', 'garbage', 'MANIFEST_INVALID'],
    ['a page of a captive portal', '<html>log in</html>', 'CAPTIVE_PORTAL'],
    ['nothing', '', 'MANIFEST_INVALID'],
    ['a missing key', '{"version":"1.0.0"}', 'MANIFEST_INVALID'],
    ['no version', `{"version":"one","changelog":"","files":[{"path":"a","sha256":"${sha256('')}"}]}`, 'MANIFEST_INVALID'],
    ['no files', '{"version":"1.0.0","changelog":"","files":[]}', 'MANIFEST_INVALID'],
    ['a path outside', `{"version":"1.0.0","changelog":"","files":[{"path":"../a","sha256":"${sha256('')}"}]}`, 'MANIFEST_INVALID'],
    ['a later schema', '{"schema":2}', 'RELEASE_INCOMPATIBLE'],
  ])('refuses %s, names where it is from, says what to do, and keeps the last good one', async (_name, body, code) => {
    const { on, server } = await onSite(['1.0.0']);
    const deps = netDeps(on);
    const config = deps.loadConfig();
    await requestRelease(deps, config, 'stable');
    server.answer('/manifest.json', bytes(body));
    await expect(requestRelease(deps, config, 'stable')).rejects.toMatchObject({
      code,
      message: containing(code === 'CAPTIVE_PORTAL' ? new URL(server.url).host : `${server.url}manifest.json`),
      hint: containing(''),
    });
    expect(cachedRelease(deps, config, 'stable')?.manifest.version).toBe('1.0.0');
  });

  it('refuses a 304 to an unconditional request', async () => {
    const { on, server } = await onSite(['1.0.0']);
    server.answer('/manifest.json', status(304));
    const deps = netDeps(on);
    await expect(requestRelease(deps, deps.loadConfig(), 'stable')).rejects.toMatchObject({ code: 'HTTP_STATUS' });
  });

  it('tries again when the server has a problem, and says so', async () => {
    const { on, server } = await onSite(['1.0.0']);
    on.configure({ url: server.url, toml: '' });
    let asked = 0;
    server.answer('/manifest.json', (request, response) => {
      asked += 1;
      if (asked > 1) server.answer('/manifest.json', null);
      status(503)(request, response);
    });
    const deps = netDeps(on, {
      withRetries: async (attempt, options) => {
        try {
          return await attempt(0);
        } catch (error) {
          options.onRetry(error, 1);
          return await attempt(1).catch(async () => await attempt(2));
        }
      },
    });
    expect((await requestRelease(deps, deps.loadConfig(), 'stable')).manifest.version).toBe('1.0.0');
    expect(deps.said).toHaveLength(1);
    expect(deps.said[0]).toContain('answered HTTP 503 for the manifest; retrying');
  });
});

describe('cachedRelease', () => {
  it('is nothing for another source than the one that it came from', async () => {
    const { on } = await onSite(['1.0.0']);
    const deps = netDeps(on);
    await requestRelease(deps, deps.loadConfig(), 'stable');
    on.configure({ url: 'http://other.example/' });
    expect(cachedRelease(deps, deps.loadConfig(), 'stable')).toBeNull();
  });

  it.each<[string, (dir: string) => void]>([
    [
      'nothing there',
      (dir) => {
        fs.rmSync(dir, { recursive: true });
      },
    ],
    [
      'no manifest',
      (dir) => {
        fs.rmSync(`${dir}/manifest.json`);
      },
    ],
    [
      'one byte more',
      (dir) => {
        fs.appendFileSync(`${dir}/manifest.json`, ' ');
      },
    ],
    [
      'torn facts',
      (dir) => {
        fs.truncateSync(`${dir}/manifest.json.meta`, 20);
      },
    ],
    [
      'a directory in its place',
      (dir) => {
        fs.rmSync(`${dir}/manifest.json`);
        fs.mkdirSync(`${dir}/manifest.json/inside`, { recursive: true });
      },
    ],
    [
      'a hole in the place of the facts',
      (dir) => {
        fs.truncateSync(`${dir}/manifest.json.meta`, 3 * 1024 ** 3);
      },
    ],
    [
      'a link to itself',
      (dir) => {
        fs.renameSync(`${dir}/manifest.json`, `${dir}/other`);
        fs.symlinkSync('other', `${dir}/manifest.json`);
      },
    ],
  ])('is nothing when it is damaged, and there again when it was asked for: %s', async (_name, damage) => {
    const { on } = await onSite(['1.0.0']);
    const deps = netDeps(on);
    const config = deps.loadConfig();
    const release = await requestRelease(deps, config, 'stable');
    damage(`${on.paths.cacheDir}/source`);
    expect(cachedRelease(deps, config, 'stable')).toBeNull();
    await requestRelease(deps, config, 'stable');
    expect(cachedRelease(deps, config, 'stable')).toEqual(release);
  });
});
