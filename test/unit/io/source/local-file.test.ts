import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { mediumError, openLocalFile, readLocalFile } from '../../../../lib/io/source/local-file.ts';
import { matching } from '../../../helpers/matchers.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();
const signal = new AbortController().signal;
const LIMITS = { what: 'the manifest', maxBytes: 100, signal };

function read(path: string, limits = LIMITS): string {
  return readLocalFile(pathToFileURL(join(dir(), path)), limits).toString();
}

describe('readLocalFile', () => {
  it.each([['manifest.json'], ['with blank'], ['100% größe #1?']])('reads %s', (name) => {
    fs.writeFileSync(join(dir(), name), 'hello');
    expect(read(name)).toBe('hello');
  });

  it('reads exactly as much as is allowed, and no more', () => {
    fs.writeFileSync(join(dir(), 'm'), 'x'.repeat(100));
    expect(read('m')).toHaveLength(100);
    fs.appendFileSync(join(dir(), 'm'), 'x');
    expect(() => read('m')).toThrow(expect.objectContaining({ code: 'RESPONSE_TOO_LARGE', message: matching('101 bytes or more, at most 100 are') }));
  });

  it('does not follow a link, and does not wait for a FIFO', () => {
    fs.writeFileSync(join(dir(), 'm'), 'secret');
    fs.symlinkSync('m', join(dir(), 'link'));
    fs.mkdirSync(join(dir(), 'folder'));
    spawnSync('mkfifo', [join(dir(), 'fifo')]);
    for (const name of ['link', 'folder', 'fifo'])
      expect(() => read(name)).toThrow(expect.objectContaining({ code: 'NOT_FOUND', message: matching('not a plain') }));
  });

  it('tells a stick that is not there from a file that is not on it', () => {
    expect(() => read('usb/pikit/m')).toThrow(
      expect.objectContaining({
        code: 'OFFLINE',
        message: matching(`the folder '${dir()}/usb/pikit' is not there`),
        hint: matching('is the stick plugged in'),
      }),
    );
    fs.mkdirSync(join(dir(), 'usb'));
    expect(() => read('usb/m')).toThrow(expect.objectContaining({ code: 'OFFLINE', message: matching("/usb' is empty") }));
    fs.writeFileSync(join(dir(), 'usb/other'), '');
    expect(() => read('usb/m')).toThrow(expect.objectContaining({ code: 'NOT_FOUND', message: matching('the manifest is not at') }));
    expect(() => read('usb/other/m')).toThrow(expect.objectContaining({ code: 'OFFLINE' }));
  });

  it.each([['tuf/targets/ab.manifest.json'], ['tuf/timestamp.json'], ['manifests/beta/1.0.0.json'], ['bundles/pikit-1.0.0.tar.gz']])(
    'tells a site that is not there from a folder of it that was not copied: %s',
    (name) => {
      expect(() => read(`usb/pikit/${name}`)).toThrow(expect.objectContaining({ code: 'OFFLINE', message: matching("/usb/pikit' is not there") }));
      fs.mkdirSync(join(dir(), 'usb/pikit'), { recursive: true });
      expect(() => read(`usb/pikit/${name}`)).toThrow(expect.objectContaining({ code: 'OFFLINE', message: matching("/usb/pikit' is empty") }));
      fs.writeFileSync(join(dir(), 'usb/pikit/manifest.json'), '{}');
      expect(() => read(`usb/pikit/${name}`)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
    },
  );

  it.skipIf(process.getuid?.() !== 0)('says what to do when the user of the step may not read it (as root only)', () => {
    fs.writeFileSync(join(dir(), 'm'), 'x', { mode: 0o600 });
    process.seteuid?.(65_534);
    try {
      fs.statSync(dir());
      expect(() => read('m')).toThrow(expect.objectContaining({ code: 'PERMISSION', hint: matching('umask=022') }));
    } finally {
      process.seteuid?.(0);
    }
  });

  it('says so when the medium fails under the open file', () => {
    // The memory of a process is a regular file, and its first page is not there: an EIO that needs no broken stick.
    expect(() => readLocalFile(pathToFileURL('/proc/self/mem'), LIMITS)).toThrow(
      expect.objectContaining({ code: 'OFFLINE', message: matching(/'\/proc\/self\/mem' cannot be read \(EIO\): the stick was pulled out/) }),
    );
  });

  it('ends when it was cancelled', () => {
    fs.writeFileSync(join(dir(), 'm'), 'x');
    expect(() => read('m', { ...LIMITS, signal: AbortSignal.abort() })).toThrow(expect.objectContaining({ code: 'CANCELLED' }));
  });

  it('leaves no descriptor open', () => {
    fs.writeFileSync(join(dir(), 'm'), 'x'.repeat(101));
    fs.mkdirSync(join(dir(), 'folder'));
    const before = fs.readdirSync('/proc/self/fd').length;
    for (let round = 0; round < 50; round += 1) for (const name of ['m', 'folder', 'none']) expect(() => read(name)).toThrow();
    expect(fs.readdirSync('/proc/self/fd').length).toBeLessThan(before + 20);
  });
});

it('openLocalFile says how large it is', () => {
  fs.writeFileSync(join(dir(), 'm'), 'hello');
  const { fd, path, size } = openLocalFile(pathToFileURL(join(dir(), 'm')), 'it');
  fs.closeSync(fd);
  expect({ path, size }).toEqual({ path: join(dir(), 'm'), size: 5 });
});

it.each([
  ['EIO', 'OFFLINE'],
  ['ENODEV', 'OFFLINE'],
  ['ENXIO', 'OFFLINE'],
  ['ENOSPC', 'ENOSPC'],
])('mediumError makes %s %s', (errno, code) => {
  expect(mediumError(Object.assign(new Error('x'), { code: errno }), '/x')).toMatchObject({ code });
});
