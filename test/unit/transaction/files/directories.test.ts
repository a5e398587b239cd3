import fs from 'node:fs';
import { expect, it } from 'vitest';
import { mkdirDurable } from '../../../../lib/transaction/files/directories.ts';
import { beforeCall } from '../../../helpers/before-call.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();

it('makes what is missing, outermost first, and nothing twice', () => {
  expect(mkdirDurable(`${dir()}/a/b/c`, 0o700)).toEqual(['a', 'a/b', 'a/b/c'].map((name) => `${dir()}/${name}`));
  expect(mkdirDurable(`${dir()}/a/b`, 0o700)).toEqual([]);
});

it('does not stumble over one that another process makes at the same time, which is not ours', () => {
  beforeCall('mkdirSync', /\/a$/, () => {
    fs.mkdirSync(`${dir()}/a`);
  });
  expect(mkdirDurable(`${dir()}/a/b`, 0o700)).toEqual([`${dir()}/a/b`]);
});
