import fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { dropPartial, hashOfPrefix, keepPartial, openPartial, partialSize, readFacts, writeAll } from '../../../../lib/io/http/partial-file.ts';
import { sha256 } from '../../../helpers/archive-builder.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

const FACTS = { url: 'http://x/', validator: '"1"', sha256: 'a' };
let dir = '';
let partial = '';
beforeEach(() => {
  dir = folderOfTest('partial');
  partial = join(dir, 'f.partial');
});

/** Opens, writes, closes. */
function write(at: number, text: string): void {
  const fd = openPartial(partial, at, FACTS);
  writeAll(fd, Buffer.from(text), at);
  fs.closeSync(fd);
}

describe('openPartial', () => {
  it('begins anew at 0, with new facts', () => {
    fs.writeFileSync(partial, 'old and longer');
    write(0, 'new');
    expect(fs.readFileSync(partial, 'utf8')).toBe('new');
    expect(readFacts(partial, FACTS)).toEqual(FACTS);
  });

  it('goes on elsewhere, with the facts that are there', () => {
    write(0, 'hello');
    fs.unlinkSync(`${partial}.json`);
    write(5, ' world');
    expect(fs.readFileSync(partial, 'utf8')).toBe('hello world');
    expect(readFacts(partial, FACTS)).toBeNull();
  });

  it('does not go on with a file that is gone', () => {
    expect(() => openPartial(partial, 5, FACTS)).toThrow('was replaced during the download');
  });

  it('replaces a symlink, and does not write through it', () => {
    fs.writeFileSync(join(dir, 'outside'), 'original');
    fs.symlinkSync(join(dir, 'outside'), partial);
    write(0, 'new');
    expect(fs.readFileSync(join(dir, 'outside'), 'utf8')).toBe('original');
  });
});

describe('readFacts', () => {
  it.each([
    ['other-address', { ...FACTS, url: 'http://y/' }],
    ['other-digest', { ...FACTS, sha256: 'b' }],
    ['no-digest', { ...FACTS, sha256: null }],
    ['validator-missing', { url: FACTS.url, sha256: 'a' }],
    ['validator-number', { ...FACTS, validator: 1 }],
    ['validator-with-a-line-break', { ...FACTS, validator: '"1"\r\nx: y' }],
    ['list', []],
    ['null', null],
  ])('does not take %s for what is wanted', (_name, facts) => {
    fs.writeFileSync(`${partial}.json`, JSON.stringify(facts));
    expect(readFacts(partial, { url: FACTS.url, sha256: FACTS.sha256 })).toBeNull();
  });

  it('takes what is no file for none', () => {
    fs.mkdirSync(`${partial}.json`);
    expect(readFacts(partial, FACTS)).toBeNull();
  });
});

it('counts and hashes what is there', async () => {
  expect(partialSize(partial)).toBe(0);
  expect((await hashOfPrefix(partial, 0)).digest('hex')).toBe(sha256(''));
  write(0, 'hello world');
  expect(partialSize(partial)).toBe(11);
  expect((await hashOfPrefix(partial, 5)).update('!').digest('hex')).toBe(sha256('hello!'));
});

it('keeps or drops both files', () => {
  write(0, 'x');
  keepPartial(partial, join(dir, 'f'));
  expect(fs.readdirSync(dir)).toEqual(['f']);
  write(0, 'y');
  dropPartial(partial);
  dropPartial(partial);
  expect(fs.readdirSync(dir)).toEqual(['f']);
});
