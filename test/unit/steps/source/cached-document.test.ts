import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { DocumentKind } from '../../../../lib/steps/source/cached-document.ts';
import { sha256Of } from '../../../../lib/core/digest.ts';
import { cachedDocument, requestDocument } from '../../../../lib/steps/source/cached-document.ts';
import { sha256 } from '../../../helpers/archive-builder.ts';
import { netDeps } from '../../../helpers/device.ts';
import { onSite } from '../published.ts';
import { bytes, status } from '../site-server.ts';

const TEXT: DocumentKind<string> = {
  path: 'text.json',
  branch: 'stable',
  what: 'the text',
  maxBytes: 10,
  retries: 0,
  parse: (raw, what) => {
    if (raw.length === 0) throw new TypeError(`${what} is empty`);
    return raw.toString();
  },
};

describe('requestDocument', () => {
  it('keeps bytes and digest, asks with conditions the next time, and answers from the cache', async () => {
    const { on, server, site } = await onSite([]);
    fs.writeFileSync(`${site}/text.json`, 'one');
    const deps = netDeps(on);
    const first = await requestDocument(deps, deps.loadConfig(), TEXT);
    expect(first).toEqual({ value: 'one', bytes: Buffer.from('one'), sha256: sha256('one'), signed: null });
    expect(sha256Of(Buffer.from('one'))).toBe(sha256('one'));
    expect(await requestDocument(deps, deps.loadConfig(), TEXT, 'cheap')).toEqual(first);
    expect(server.seen.map(({ ifNoneMatch }) => ifNoneMatch === null)).toEqual([true, false]);
    fs.writeFileSync(`${site}/text.json`, 'two');
    expect((await requestDocument(deps, deps.loadConfig(), TEXT, 'cheap')).value).toBe('two');
    expect(cachedDocument(deps, deps.loadConfig(), TEXT)?.value).toBe('two');
  });

  it.each([
    ['gone', status(404)],
    ['broken', status(500)],
    ['too-large', bytes('x'.repeat(11))],
    ['not-as-it-should-be', bytes('')],
  ])('leaves the last good one alone: %s', async (_name, answer) => {
    const { on, server } = await onSite([]);
    const deps = netDeps(on);
    server.answer('/text.json', bytes('one'));
    await requestDocument(deps, deps.loadConfig(), TEXT);
    server.answer('/text.json', answer);
    await expect(requestDocument(deps, deps.loadConfig(), TEXT)).rejects.toThrow();
    expect(cachedDocument(deps, deps.loadConfig(), TEXT)?.value).toBe('one');
  });

  it.each<[string, (folder: string) => void]>([
    [
      'a file',
      (folder) => {
        fs.writeFileSync(folder, 'mine');
      },
    ],
    [
      'a pipe',
      (folder) => {
        execFileSync('mkfifo', [folder]);
      },
    ],
    [
      'a link to another folder',
      (folder) => {
        fs.symlinkSync(fs.mkdtempSync(`${folder}-other-`), folder);
      },
    ],
  ])('is kept all the same where its folder is %s', async (_name, plant) => {
    const { on, server } = await onSite([]);
    const deps = netDeps(on);
    const folder = `${on.paths.cacheDir}/source`;
    server.answer('/text.json', bytes('one'));
    await requestDocument(deps, deps.loadConfig(), TEXT);
    fs.rmSync(folder, { recursive: true });
    plant(folder);
    expect((await requestDocument(deps, deps.loadConfig(), TEXT)).value).toBe('one');
    expect(fs.lstatSync(folder).isDirectory()).toBe(true);
    expect(cachedDocument(deps, deps.loadConfig(), TEXT)?.value).toBe('one');
    expect(fs.existsSync(`${folder}.damaged`)).toBe(true);
  });

  it('has an entry of its own for each document', async () => {
    const { on, server } = await onSite([]);
    const deps = netDeps(on);
    server.answer('/text.json', bytes('one'));
    server.answer('/other.json', bytes('two'));
    await requestDocument(deps, deps.loadConfig(), TEXT);
    await requestDocument(deps, deps.loadConfig(), { ...TEXT, path: 'other.json' });
    expect(fs.readdirSync(`${on.paths.cacheDir}/source`).toSorted()).toEqual(['other.json', 'other.json.meta', 'text.json', 'text.json.meta']);
    expect(cachedDocument(deps, deps.loadConfig(), TEXT)?.value).toBe('one');
  });
});

describe('cachedDocument', () => {
  it.each<[string, (file: string) => void]>([
    [
      'a link to something else',
      (file) => {
        fs.rmSync(file);
        fs.symlinkSync('/etc/passwd', file);
      },
    ],
    [
      'a directory',
      (file) => {
        fs.rmSync(file);
        fs.mkdirSync(file);
      },
    ],
    [
      'other bytes',
      (file) => {
        fs.writeFileSync(file, 'eno');
      },
    ],
  ])('is nothing: %s', async (_name, damage) => {
    const { on, server } = await onSite([]);
    const deps = netDeps(on);
    server.answer('/text.json', bytes('one'));
    await requestDocument(deps, deps.loadConfig(), TEXT);
    damage(`${on.paths.cacheDir}/source/text.json`);
    expect(cachedDocument(deps, deps.loadConfig(), TEXT)).toBeNull();
  });
});
