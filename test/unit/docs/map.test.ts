/** The maps of the sources: each folder is on them once, and what they name is there. */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSources } from '../../helpers/source-tree.ts';

const README = fs.readFileSync('README.md', 'utf8');
const ARCHITECTURE = fs.readFileSync('docs/architecture.md', 'utf8');
const HACKING = fs.readFileSync('HACKING.md', 'utf8');

const folders = [...new Set(readSources('lib').map(({ path }) => dirname(path)))].toSorted();

/** The section of a page below a heading. */
function section(page: string, heading: string): string {
  return page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
}

describe('the map', () => {
  it('of README has every layer, with what it is for', () => {
    const lines = [...README.matchAll(/^((?:lib|scripts|web|units|docs|test)(?:\/[a-z]+)?)\/ +(\S.*)$/gm)].map(([, folder = '']) => folder);
    const layers = [...new Set(folders.map((folder) => folder.split('/').slice(0, 2).join('/')))];
    expect(lines.toSorted()).toEqual([...layers, 'scripts', 'web', 'units', 'docs', 'test'].toSorted());
  });

  it('of the architecture has every layer and every room, once', () => {
    const named = (heading: string): string[] =>
      [...section(ARCHITECTURE, heading).matchAll(/^\| `(lib\/[a-z/-]+)\/` /gm)].map(([, folder = '']) => folder);
    const layers = [...new Set(folders.map((folder) => folder.split('/').slice(0, 2).join('/')))];
    expect(named('Layers').toSorted()).toEqual(layers);
    const rooms = folders.filter((folder) => /^lib\/(core|io|release|steps|transaction)(\/|$)/.test(folder));
    expect(named('Rooms').toSorted()).toEqual(rooms);
  });

  it('names files and folders that are there', () => {
    const named = [ARCHITECTURE, HACKING].flatMap((page) =>
      [...page.matchAll(/`((?:lib|scripts|test|units|web|docs)\/[\w./-]*)`/g)].map(([, path = '']) => path),
    );
    expect(named.length).toBeGreaterThan(60);
    expect(named.filter((path) => !fs.existsSync(path))).toEqual([]);
  });

  it('names scripts of package.json', () => {
    const scripts = /"scripts": \{([\s\S]*?)\n {2}\}/.exec(fs.readFileSync('package.json', 'utf8'))?.[1] ?? '';
    const named = [...HACKING.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !scripts.includes(`\n    "${name}": `))).toEqual([]);
  });
});
