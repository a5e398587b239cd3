import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { assertReplaceable, immutable, lockedError } from '../../../../lib/transaction/plan/unreplaceable.ts';
import { planChange } from '../../../../lib/transaction/plan/plan.ts';
import type { Operation } from '../../../../lib/transaction/types.ts';
import { withAttributes } from '../../../helpers/attributes.ts';
import { placeIn, releaseChange } from '../../../helpers/change.ts';
import { containing } from '../../../helpers/matchers.ts';
import { canMount } from '../../../helpers/mount.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { snapshot, writeTree } from '../../../helpers/tree.ts';

const dir = useTempDir();
const WEB = '/var/www/pikit-web';
const FILES = { [`${WEB}/index.html`]: 'new', [`${WEB}/assets/app.js`]: 'new', [`${WEB}/fresh/x`]: 'new' };

function ops(): Operation[] {
  writeTree(dir(), { [`${WEB}/index.html`]: 'old', [`${WEB}/assets/app.js`]: 'old', [`${WEB}/assets/keep`]: 'x', '/etc/pikit/version': '0\n' });
  const place = placeIn(dir());
  return planChange(place, releaseChange(place, { version: '1.0.0', files: FILES })).ops;
}

const act = (change: readonly Operation[]) => (): void => {
  assertReplaceable(placeIn(dir()), change);
};

it('is content with plain files, and changes nothing', () => {
  const change = ops();
  const before = snapshot(dir());
  act(change)();
  expect(snapshot(dir())).toEqual(before);
  expect(immutable(placeIn(dir()), change)).toEqual([]);
});

it('names what is locked, with the commands that unlock it', () => {
  expect(lockedError([])).toBeNull();
  const many = Array.from({ length: 9 }, (_none, index) => ({ path: `/w/${String(index)}`, attribute: 'i' as const }));
  expect(lockedError([...many, { path: '/w/a', attribute: 'a' }])).toMatchObject({
    code: 'DEST_LOCKED',
    message: containing("'/w/0' is immutable (chattr +i)"),
    hint: containing('&& chattr -a /w/a, then try again; nothing was changed'),
  });
});

describe('attributes (needs root, and a filesystem that has them)', () => {
  it.each<[string, string, string]>([
    ['+i', `${WEB}/index.html`, `'${WEB}/index.html' is immutable (chattr +i)`],
    ['+a', `${WEB}/index.html`, `'${WEB}/index.html' is append-only (chattr +a)`],
    ['+i', WEB, `'${WEB}' is immutable (chattr +i)`],
    ['+a', WEB, `'${WEB}' is append-only (chattr +a)`],
    ['+i', `${WEB}/assets`, `'${WEB}/assets' is immutable (chattr +i)`],
    ['+a', `${WEB}/assets`, `'${WEB}/assets' is append-only (chattr +a)`],
    ['+i', '/etc/pikit/version', "'/etc/pikit/version' is immutable (chattr +i)"],
  ])('chattr %s %s', (change, path, message) => {
    const ran = withAttributes(dir(), () => {
      const planned = ops();
      const before = snapshot(dir());
      execFileSync('chattr', [change, dir() + path]);
      expect(act(planned)).toThrow(
        expect.objectContaining({ code: 'DEST_LOCKED', message: containing(message), hint: containing(`chattr -${change.slice(1)} ${path}`) }),
      );
      expect(snapshot(dir())).toEqual(before);
      execFileSync('chattr', [`-${change.slice(1)}`, dir() + path]);
      act(planned)();
    });
    if (!ran) process.stdout.write('skipped: no filesystem with attributes can be had here\n');
  });
});

// Mounts need root with CAP_SYS_ADMIN.
describe.runIf(canMount())('mounts', () => {
  it('names a file on which something is mounted', () => {
    const change = ops();
    fs.writeFileSync(`${dir()}/other`, 'x');
    execFileSync('mount', ['--bind', `${dir()}/other`, `${dir()}${WEB}/index.html`]);
    try {
      expect(act(change)).toThrow(expect.objectContaining({ code: 'DEST_TYPE', hint: containing(`umount ${dir()}${WEB}/index.html`) }));
    } finally {
      execFileSync('umount', [`${dir()}${WEB}/index.html`]);
    }
  });

  it('names a directory on a read-only mount', () => {
    const change = ops();
    execFileSync('mount', ['--bind', dir() + WEB, dir() + WEB]);
    try {
      execFileSync('mount', ['-o', 'remount,bind,ro', dir() + WEB]);
      expect(act(change)).toThrow(
        expect.objectContaining({ code: 'IO_ERROR', message: containing('is read-only here'), hint: containing('findmnt') }),
      );
    } finally {
      execFileSync('umount', [dir() + WEB]);
    }
  });
});
