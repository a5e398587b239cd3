import fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { initSite } from '../../../../lib/release/site/init.ts';
import { snapshot } from '../../../helpers/site-builder.ts';
import { containing } from '../../../helpers/matchers.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

let base = '';
beforeEach(() => {
  base = folderOfTest('init');
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

  it('has a site signed before it is one, and again after an interruption', () => {
    const site = join(base, 'site');
    const seen: string[] = [];
    const prepare = (): void => {
      expect(fs.existsSync(join(site, 'bundles'))).toBe(seen.length > 0);
    };
    const sign = (documents: ReadonlyMap<string, Buffer>): void => {
      seen.push(...documents.keys(), ...[...documents.values()].map(String));
      fs.mkdirSync(join(site, 'tuf'), { recursive: true });
      if (seen.length < 3) throw new Error('cut');
    };
    expect(() => {
      initSite(site, { unsigned: false, prepare, sign });
    }).toThrow('cut');
    expect(fs.existsSync(join(site, 'branches.json'))).toBe(false);
    initSite(site, { unsigned: false, prepare, sign });
    expect(seen).toEqual(['branches.json', '[]\n', 'branches.json', '[]\n']);
    expect(fs.readFileSync(join(site, 'branches.json'), 'utf8')).toBe('[]\n');
  });

  it('does not begin anew where a site was signed more than once', () => {
    fs.mkdirSync(join(base, 'tuf'));
    fs.writeFileSync(join(base, 'tuf/2.snapshot.json'), '{}');
    expect(() => {
      initSite(base, { unsigned: false, prepare: () => undefined, sign: () => undefined });
    }).toThrow(expect.objectContaining({ code: 'SITE_INVALID', message: containing("it has 'tuf/2.snapshot.json'") }));
  });
});
