import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderStore } from '../../../../lib/io/trust/metadata-store.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();
const MAX = 1024;
const folder = (): string => join(dir(), 'lib/pikit/trust');

describe('a store in a folder', () => {
  it('is empty before anything is written, and makes its folder then, for its user only', () => {
    const store = folderStore(folder());
    expect([store.names(), store.read('root.json', MAX)]).toEqual([[], null]);
    store.remove('root.json');
    expect(fs.existsSync(folder())).toBe(false);
    store.write('root.json', Buffer.from('{}'));
    expect(store.read('root.json', MAX)?.toString()).toBe('{}');
    expect([fs.statSync(folder()).mode & 0o777, fs.statSync(join(folder(), 'root.json')).mode & 0o777]).toEqual([0o700, 0o600]);
  });

  it('replaces and removes, and lists what is there', () => {
    const store = folderStore(folder(), { mode: 0o644, dirMode: 0o755 });
    for (const name of ['timestamp.json', '2.root.json', '1.root.json']) store.write(name, Buffer.from(name));
    store.write('2.root.json', Buffer.from('new'));
    store.remove('1.root.json');
    expect(store.names()).toEqual(['2.root.json', 'timestamp.json']);
    expect(store.read('2.root.json', MAX)?.toString()).toBe('new');
  });

  it.each<[name: string, damage: (path: string) => void]>([
    ['a directory', (path) => fs.mkdirSync(join(path, 'x'), { recursive: true })],
    ['a link', (path) => { fs.symlinkSync('/etc/hostname', path); }], // prettier-ignore
    ['a pipe', (path) => { fs.symlinkSync('/dev/zero', path); }], // prettier-ignore
    ['larger than allowed', (path) => { fs.writeFileSync(path, Buffer.alloc(MAX + 1)); }], // prettier-ignore
  ])('reads nothing from what is %s, and writes in its place', (_name, damage) => {
    fs.mkdirSync(folder(), { recursive: true });
    damage(join(folder(), 'timestamp.json'));
    const store = folderStore(folder());
    expect(store.read('timestamp.json', MAX)).toBe(null);
    store.write('timestamp.json', Buffer.from('good'));
    expect(store.read('timestamp.json', MAX)?.toString()).toBe('good');
  });

  it.each<[name: string, put: (path: string) => void]>([
    ['a file', (path) => { fs.writeFileSync(path, 'mine'); }], // prettier-ignore
    ['a link to a folder', (path) => { fs.mkdirSync(`${path}-else`); fs.writeFileSync(`${path}-else/root.json`, 'else'); fs.symlinkSync(`${path}-else`, path); }], // prettier-ignore
  ])('holds nothing where %s is in the place of the folder, and keeps that aside when it writes', (_name, put) => {
    fs.mkdirSync(join(folder(), '..'), { recursive: true });
    put(folder());
    const store = folderStore(folder());
    store.remove('root.json');
    expect([store.names(), store.read('root.json', MAX)]).toEqual([[], null]);
    store.write('timestamp.json', Buffer.from('good'));
    expect([store.names(), store.read('timestamp.json', MAX)?.toString()]).toEqual([['timestamp.json'], 'good']);
    expect(fs.lstatSync(`${folder()}.damaged`).isDirectory()).toBe(false);
  });
});
