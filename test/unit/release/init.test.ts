import fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { initSite } from '../../../lib/release/init.ts';
import { snapshot, temporaryFolder } from '../../helpers/site-builder.ts';
import { containing } from '../../helpers/matchers.ts';

let base = '';
beforeEach(() => {
  base = temporaryFolder('init');
});
afterEach(() => {
  fs.rmSync(base, { recursive: true });
});
const names = (dir: string): string[] => snapshot(dir).map((line) => line.split(' ')[0] ?? '');

describe('initSite', () => {
  it('makes the folders and an empty branch list, parents included', () => {
    const site = join(base, 'srv/pikit');
    initSite(site, { unsigned: true });
    expect(names(site)).toEqual(['branches.json', 'bundles', 'deltas', 'files', 'manifests', 'patches']);
    expect(fs.readFileSync(join(site, 'branches.json'), 'utf8')).toBe('[]\n');
  });

  it('finishes what an interrupted run began, in a folder that has other things', () => {
    fs.mkdirSync(join(base, 'bundles'));
    fs.writeFileSync(join(base, 'branches.json.tmp'), 'half');
    fs.writeFileSync(join(base, 'index.html'), 'mine');
    initSite(base, { unsigned: true });
    expect(names(base)).toEqual(['branches.json', 'bundles', 'deltas', 'files', 'index.html', 'manifests', 'patches']);
  });

  it.each<[string, (site: string) => void]>([
    [
      'a-site',
      (site) => {
        initSite(site, { unsigned: true });
      },
    ],
    [
      'a-site-without-list',
      (site) => {
        fs.mkdirSync(site);
        fs.writeFileSync(join(site, 'manifest.json'), '{}');
      },
    ],
    ['a-signed-site', (site) => fs.mkdirSync(join(site, 'tuf'), { recursive: true })],
    [
      'a-file',
      (site) => {
        fs.writeFileSync(site, 'mine');
      },
    ],
  ])('refuses %s, and leaves it as it is', (_name, make) => {
    make(join(base, 'site'));
    const before = snapshot(base);
    expect(() => {
      initSite(join(base, 'site'), { unsigned: true });
    }).toThrow(expect.objectContaining({ code: 'SITE_INVALID' }));
    expect(snapshot(base)).toEqual(before);
  });

  it('cannot make signed sites yet, and says so', () => {
    expect(() => {
      initSite(join(base, 'site'), { unsigned: false });
    }).toThrow(expect.objectContaining({ code: 'USAGE', hint: containing('--unsigned') }));
    expect(fs.readdirSync(base)).toEqual([]);
  });
});
