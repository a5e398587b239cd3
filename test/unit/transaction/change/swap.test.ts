import { containing } from '../../../helpers/matchers.ts';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { TransactionPaths } from '../../../../lib/transaction/transaction-paths.ts';
import { onDisk } from '../../../../lib/transaction/transaction-paths.ts';
import { swap } from '../../../../lib/transaction/change/swap.ts';
import type { Journal } from '../../../../lib/transaction/types.ts';
import { runWithFault } from '../../../helpers/crash.ts';
import { device, openUpdate } from '../../../helpers/scenario.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { snapshot, writeTree } from '../../../helpers/tree.ts';

const dir = useTempDir();

function prepared(): { place: TransactionPaths; journal: Journal } {
  const place = device(`${dir()}/device`);
  return { place, journal: openUpdate(place) };
}

describe('swap', () => {
  it('renames assets, then code, then pages, then the version, and deletes last', () => {
    const { place, journal } = prepared();
    const order: string[] = [];
    const { renameSync, unlinkSync } = fs;
    fs.renameSync = (from, to) => {
      order.push(`rename ${String(to)}`);
      renameSync(from, to);
    };
    fs.unlinkSync = (path) => {
      order.push(`unlink ${String(path)}`);
      unlinkSync(path);
    };
    try {
      swap(place, journal);
    } finally {
      Object.assign(fs, { renameSync, unlinkSync });
    }
    const position = (what: string): number =>
      order.findIndex((line) => line.startsWith(what.split(' ')[0] ?? '') && line.endsWith(what.split(' ')[1] ?? ''));
    const positions = [
      'rename /assets/app-2.js',
      'rename /pikit-api.py',
      'rename /index.html',
      'rename /etc/pikit/version',
      'unlink /assets/app-1.js',
    ].map(position);
    expect(positions).not.toContain(-1);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
  });

  it('makes the new name of a directory durable before a file takes its old one: it has no other', () => {
    const { place, journal } = prepared();
    const calls: string[] = [];
    const { renameSync, fsyncSync } = fs;
    fs.renameSync = (from, to) => {
      calls.push(`rename ${String(from).replace(place.root, '')}`);
      renameSync(from, to);
    };
    fs.fsyncSync = (fd) => {
      calls.push('fsync');
      fsyncSync(fd);
    };
    try {
      swap(place, journal);
    } finally {
      Object.assign(fs, { renameSync, fsyncSync });
    }
    expect(calls[calls.indexOf('rename /var/www/pikit-web/nest') + 1]).toBe('fsync');
  });

  it('never shows a page whose assets are missing', () => {
    const { place, journal } = prepared();
    for (let at = 1; ; at += 1) {
      const { hit } = runWithFault({ kind: 'die', at: 1 }, () => {
        swap(place, journal);
      });
      const page = fs.readFileSync(onDisk(place, '/var/www/pikit-web/index.html'), 'utf8');
      const asset = /src=(\S+)>/.exec(page)?.[1] ?? '';
      expect(fs.existsSync(onDisk(place, `/var/www/pikit-web/${asset}`)), page).toBe(true);
      if (!hit || at > 100) break;
      // one call further
      runWithFault({ kind: 'die', at: 2 }, () => {
        swap(place, journal);
      });
    }
  });

  it('can be run again', () => {
    const { place, journal } = prepared();
    swap(place, journal);
    const once = snapshot(place.root);
    swap(place, journal);
    expect(snapshot(place.root)).toEqual(once);
  });

  it('leaves a directory that appeared where a file was to go', () => {
    const { place, journal } = prepared();
    const gone = '/var/www/pikit-web/assets/app-1.js';
    fs.rmSync(onDisk(place, gone));
    writeTree(place.root, { [`${gone}/mine`]: 'mine' });
    swap(place, journal);
    expect(fs.readFileSync(onDisk(place, `${gone}/mine`), 'utf8')).toBe('mine');
    expect(fs.readFileSync(onDisk(place, '/etc/pikit/version'), 'utf8')).toBe('2.0.0\n');
  });

  it('refuses to replace a file that appeared where none was', () => {
    const { place, journal } = prepared();
    fs.writeFileSync(onDisk(place, '/var/www/pikit-web/assets/app-2.js'), 'not ours');
    expect(() => {
      swap(place, journal);
    }).toThrow(expect.objectContaining({ code: 'DEST_TYPE', message: containing('app-2.js') }));
    expect(fs.readFileSync(onDisk(place, '/var/www/pikit-web/assets/app-2.js'), 'utf8')).toBe('not ours');
  });
});
