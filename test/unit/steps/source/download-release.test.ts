import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ProgressReport } from '../../../../lib/core/run/progress.ts';
import { downloadRelease } from '../../../../lib/steps/source/download-release.ts';
import { requestRelease } from '../../../../lib/steps/source/release-source.ts';
import { netDeps } from '../../../helpers/device.ts';
import { containing } from '../../../helpers/matchers.ts';
import { onSite } from '../published.ts';
import { bytes } from '../site-server.ts';

describe('bring', () => {
  it('leaves the bundle and the tree, with the modes of the release, and reports each phase', async () => {
    const { on } = await onSite(['1.0.0']);
    const reports: ProgressReport[] = [];
    const deps = netDeps(on, { report: (progress) => reports.push(progress) });
    const config = deps.loadConfig();
    await downloadRelease(deps, config, await requestRelease(deps, config, 'stable'));
    const dir = `${on.paths.cacheDir}/1.0.0`;
    expect(fs.readdirSync(dir).toSorted()).toEqual(['bundle.tar.gz', 'tree']);
    expect((fs.statSync(`${dir}/tree/pikit-api.py`).mode & 0o777).toString(8)).toBe('755');
    expect([...new Set(reports.map((progress) => progress.phase))]).toEqual(['downloading', 'unpacking']);
    expect(reports.at(-1)).toMatchObject({ version: '1.0.0', percent: 100, canCancel: true });
  });

  it('does not keep a bundle that cannot be unpacked, and keeps one that was interrupted', async () => {
    const { on, server, edit } = await onSite(['1.0.0']);
    edit((manifest) => ({ ...manifest, bundle: undefined }));
    server.answer('/bundles/pikit-1.0.0.tar.gz', bytes('garbage'));
    const deps = netDeps(on);
    const config = deps.loadConfig();
    const release = await requestRelease(deps, config, 'stable');
    await expect(downloadRelease(deps, config, release)).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
    expect(fs.readdirSync(`${on.paths.cacheDir}/1.0.0`)).toEqual([]);
    server.answer('/bundles/pikit-1.0.0.tar.gz', null);
    const stop = new AbortController();
    const stopped = netDeps(on, {
      signal: stop.signal,
      report: (progress) => {
        if (progress.phase === 'unpacking') stop.abort();
      },
    });
    await expect(downloadRelease(stopped, config, release)).rejects.toMatchObject({
      code: 'CANCELLED',
      hint: containing('the next start resumes it'),
    });
    expect(fs.readdirSync(`${on.paths.cacheDir}/1.0.0`)).toEqual(['bundle.tar.gz']);
  });
});
