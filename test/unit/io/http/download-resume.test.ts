import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../helpers/archive-builder.ts';
import { BUNDLE, DONE, downloadBed } from '../../../helpers/download-bed.ts';
import type { Answer } from '../../../helpers/release-server.ts';

const bed = downloadBed();
const HALF = BUNDLE.subarray(0, 100_000);
const MODIFIED = 'Fri, 20 Nov 2026 10:00:00 GMT';
const WHOLE = { received: BUNDLE.length, resumed: 0 };
const REST = { received: 100_000, resumed: 100_000 };

describe('an interrupted download', () => {
  it.each([1, 4096, 100_000, 199_999])('that had %i bytes goes on there', async (bytes) => {
    bed.server().at('/bundle', { body: BUNDLE, etag: '"1"', after: { bytes, then: 'end' } }, { body: BUNDLE, etag: '"1"' });
    await expect(bed.get()).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
    expect(await bed.get()).toEqual({ received: BUNDLE.length - bytes, resumed: bytes });
    expect(bed.server().requests[1]?.headers).toMatchObject({ range: `bytes=${String(bytes)}-`, 'if-range': '"1"' });
    expect(bed.files()).toEqual(DONE);
  });

  it('goes on again and again', async () => {
    const cut = (bytes: number): Answer => ({ body: BUNDLE, lastModified: MODIFIED, after: { bytes, then: 'end' } });
    bed.server().at('/bundle', cut(10), cut(20), cut(30), { body: BUNDLE, lastModified: MODIFIED });
    for (let times = 0; times < 3; times += 1) await expect(bed.get()).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
    expect(await bed.get()).toEqual({ received: BUNDLE.length - 60, resumed: 60 });
    expect(bed.server().requests.map(({ headers }) => headers['if-range'])).toEqual([undefined, MODIFIED, MODIFIED, MODIFIED]);
    expect(bed.files()).toEqual(DONE);
  });

  it.each<[string, Buffer, string | null, Answer, object, Record<string, string | undefined>[]]>([
    ['by-etag', HALF, '"1"', { body: BUNDLE, etag: '"1"' }, REST, [{ range: 'bytes=100000-', 'if-range': '"1"' }]],
    ['by-date', HALF, MODIFIED, { body: BUNDLE, lastModified: MODIFIED }, REST, [{ range: 'bytes=100000-', 'if-range': MODIFIED }]],
    ['by-digest-alone', HALF, null, { body: BUNDLE }, REST, [{ range: 'bytes=100000-', 'if-range': undefined }]],
    ['date-beside-a-weak-etag', HALF, MODIFIED, { body: BUNDLE, etag: 'W/"1"', lastModified: MODIFIED }, REST, [{ 'if-range': MODIFIED }]],
    ['server-without-ranges', HALF, '"1"', { body: BUNDLE, etag: '"1"', ranges: 'no' }, WHOLE, [{ range: 'bytes=100000-' }]],
    ['file-changed-etag', HALF, '"0"', { body: BUNDLE, etag: '"1"' }, WHOLE, [{ 'if-range': '"0"' }]],
    [
      'file-changed-and-server-ignores-if-range',
      HALF,
      '"0"',
      { body: BUNDLE, etag: '"1"', ranges: 'blind' },
      WHOLE,
      [{ 'if-range': '"0"' }, { range: undefined }],
    ],
    [
      'range-that-was-not-asked-for',
      HALF,
      '"1"',
      { body: BUNDLE, etag: '"1"', ranges: { contentRange: 'bytes 5-199999/200000' } },
      WHOLE,
      [{ range: 'bytes=100000-' }, { range: undefined }],
    ],
    [
      'range-that-is-garbage',
      HALF,
      '"1"',
      { body: BUNDLE, etag: '"1"', ranges: { contentRange: 'half of it' } },
      WHOLE,
      [{ range: 'bytes=100000-' }, { range: undefined }],
    ],
    ['more-than-the-whole', Buffer.concat([BUNDLE, HALF]), '"1"', { body: BUNDLE, etag: '"1"' }, WHOLE, [{ range: undefined }]],
    ['as-much-as-the-whole-but-wrong', Buffer.from(BUNDLE.toReversed()), '"1"', { body: BUNDLE, etag: '"1"' }, WHOLE, [{ range: undefined }]],
    ['the-whole-only-its-check-is-missing', BUNDLE, '"1"', { status: 500 }, { received: 0, resumed: BUNDLE.length }, []],
  ])('%s', async (_name, partial, validator, answer, outcome, asked) => {
    bed.leavePartial(partial, validator);
    // What range tests change is only about range requests: a plain one is answered in full.
    bed.server().at('/bundle', answer);
    expect(await bed.get()).toEqual(outcome);
    expect(bed.server().requests).toHaveLength(asked.length);
    for (const [index, headers] of asked.entries()) {
      const given = bed.server().requests[index]?.headers ?? {};
      for (const [name, value] of Object.entries(headers)) expect([name, given[name]]).toEqual([name, value]);
    }
    expect(bed.files()).toEqual(DONE);
  });

  it('begins anew after 416', async () => {
    bed.leavePartial(HALF, '"1"');
    bed.server().at('/bundle', { status: 416, headers: { 'content-range': 'bytes */5' } }, { body: BUNDLE });
    expect(await bed.get()).toEqual(WHOLE);
    expect(bed.server().requests.map(({ headers }) => headers.range)).toEqual(['bytes=100000-', undefined]);
    expect(bed.files()).toEqual(DONE);
  });

  it.each([
    ['of-another-address', { url: 'http://127.0.0.1/other' }],
    ['of-another-file', { sha256: 'b'.repeat(64) }],
    ['without-a-digest-then', { sha256: null }],
    ['with-a-broken-validator', { validator: 5 }],
  ])('begins anew from a partial file %s', async (_name, fields) => {
    bed.leavePartial(HALF, '"1"', fields);
    bed.server().at('/bundle', { body: BUNDLE, etag: '"1"' });
    expect(await bed.get()).toEqual(WHOLE);
    expect(bed.server().requests[0]?.headers).not.toHaveProperty('range');
    expect(bed.files()).toEqual(DONE);
  });

  it.each([
    ['damaged', '{"url":'],
    ['empty', ''],
    ['of-another-kind', '[]'],
    ['null', 'null'],
    ['missing', null],
  ])('begins anew when the facts beside it are %s', async (_name, facts) => {
    bed.leavePartial(HALF, '"1"');
    const file = join(bed.dir(), 'bundle.partial.json');
    if (facts === null) fs.unlinkSync(file);
    else fs.writeFileSync(file, facts);
    bed.server().at('/bundle', { body: BUNDLE, etag: '"1"' });
    expect(await bed.get()).toEqual(WHOLE);
    expect(bed.files()).toEqual(DONE);
  });

  it('does not go on when neither validator nor digest could tell', async () => {
    bed.leavePartial(HALF, null, { sha256: null });
    bed.server().at('/bundle', { body: BUNDLE });
    expect(await bed.get({ sha256: null })).toEqual(WHOLE);
    expect(bed.server().requests[0]?.headers).not.toHaveProperty('range');
  });

  it('whose bytes are corrupt is fetched anew in the same run, once', async () => {
    const corrupt = Buffer.from(HALF);
    corrupt.write('!', 500);
    bed.leavePartial(corrupt, '"1"');
    bed.server().at('/bundle', { body: BUNDLE, etag: '"1"' });
    expect(await bed.get()).toEqual(WHOLE);
    expect(bed.server().requests.map(({ headers }) => headers.range)).toEqual(['bytes=100000-', undefined]);
    expect(bed.files()).toEqual(DONE);
  });

  it('that began with the page of a network is fetched anew in the same run', async () => {
    bed.leavePartial(Buffer.from('<html>log in</html>'), null);
    bed.server().at('/bundle', { body: BUNDLE });
    expect(await bed.get()).toEqual(WHOLE);
    expect(bed.files()).toEqual(DONE);
  });

  it('is told as what the server sends when it is wrong the second time as well', async () => {
    bed.leavePartial(HALF, '"1"');
    bed.server().at('/bundle', { body: Buffer.from(BUNDLE.toReversed()), etag: '"1"' });
    await expect(bed.get()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(bed.server().requests).toHaveLength(2);
    expect(bed.files()).toEqual({});
  });

  it.each<[string, Answer]>([
    ['page', { body: '<html>', headers: { 'content-type': 'text/html' } }],
    ['login', { status: 511 }],
  ])('stays as it is when the network answers in the place of the server: %s', async (_name, answer) => {
    bed.leavePartial(HALF, '"1"');
    bed.server().at('/bundle', answer, { body: BUNDLE, etag: '"1"' });
    await expect(bed.get()).rejects.toMatchObject({ code: 'CAPTIVE_PORTAL' });
    expect(await bed.get()).toEqual(REST);
    expect(bed.files()).toEqual(DONE);
  });

  it.each<[string, (partial: string) => void]>([
    [
      'line-break-in-its-validator',
      (partial) => {
        fs.writeFileSync(
          `${partial}.json`,
          JSON.stringify({ url: bed.server().url('/bundle').href, validator: '"1"\r\nx: y', sha256: sha256(BUNDLE) }),
        );
      },
    ],
    [
      'validator-beyond-latin1',
      (partial) => {
        fs.writeFileSync(`${partial}.json`, JSON.stringify({ url: bed.server().url('/bundle').href, validator: '"ł"', sha256: sha256(BUNDLE) }));
      },
    ],
    [
      'folder-in-its-place',
      (partial) => {
        fs.unlinkSync(partial);
        fs.mkdirSync(`${partial}/deep`, { recursive: true });
      },
    ],
    [
      'folder-in-the-place-of-its-facts',
      (partial) => {
        fs.unlinkSync(`${partial}.json`);
        fs.mkdirSync(`${partial}.json/deep`, { recursive: true });
      },
    ],
    [
      'pipe-in-its-place',
      (partial) => {
        fs.unlinkSync(partial);
        execFileSync('mkfifo', [partial]);
      },
    ],
    [
      'link-to-nowhere',
      (partial) => {
        fs.unlinkSync(partial);
        fs.symlinkSync('/nowhere/at/all', partial);
      },
    ],
    [
      'facts-that-are-a-link',
      (partial) => {
        fs.renameSync(`${partial}.json`, `${partial}.moved`);
        fs.symlinkSync(`${partial}.moved`, `${partial}.json`);
      },
    ],
  ])('is begun anew in the same run when it is damaged: %s', async (_name, damage) => {
    bed.leavePartial(HALF, '"1"');
    damage(join(bed.dir(), 'bundle.partial'));
    bed.server().at('/bundle', { body: BUNDLE, etag: '"1"' });
    expect(await bed.get()).toEqual(WHOLE);
    expect(bed.files()).toMatchObject(DONE);
    expect(fs.existsSync(join(bed.dir(), 'bundle.partial'))).toBe(false);
  });

  it.each<[string, (from: string, to: string) => void]>([
    ['symlink', fs.symlinkSync],
    ['second name', fs.linkSync],
  ])('is never gone on with through a %s', async (_name, link) => {
    bed.leavePartial(HALF, '"1"');
    const outside = join(bed.dir(), 'outside');
    fs.renameSync(join(bed.dir(), 'bundle.partial'), outside);
    link(outside, join(bed.dir(), 'bundle.partial'));
    bed.server().at('/bundle', { body: BUNDLE, etag: '"1"' });
    expect(await bed.get()).toEqual(WHOLE);
    expect(bed.files()).toEqual({ ...DONE, outside: HALF.toString('latin1') });
  });

  it.each(['bytes 100000-199999/5', 'bytes 100000-300000/200000', 'bytes 100000-199999/300000'])(
    'begins anew after a part of another whole: %s',
    async (contentRange) => {
      bed.leavePartial(HALF, '"1"');
      bed.server().at('/bundle', { body: BUNDLE, etag: '"1"', ranges: { contentRange } });
      expect(await bed.get()).toEqual(WHOLE);
    },
  );

  it('of which the file changes on the server between the parts ends as a mismatch', async () => {
    const other = Buffer.from(BUNDLE.toReversed());
    bed.server().at('/bundle', { body: BUNDLE, after: { bytes: 5000, then: 'end' } }, { body: other });
    await expect(bed.get()).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
    await expect(bed.get()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(bed.files()).toEqual({});
  });

  it('goes on without knowing the size', async () => {
    bed.leavePartial(HALF, '"1"', { sha256: null });
    bed.server().at('/bundle', { body: BUNDLE, etag: '"1"' });
    expect(await bed.get({ sizeBytes: null, sha256: null })).toEqual(REST);
    expect(bed.files()).toEqual(DONE);
  });

  it('begins anew when it is whole, and nothing says so', async () => {
    bed.leavePartial(BUNDLE, '"1"', { sha256: null });
    bed.server().at('/bundle', { body: BUNDLE, etag: '"1"' });
    expect(await bed.get({ sizeBytes: null, sha256: null })).toEqual(WHOLE);
    expect(bed.server().requests.map(({ headers }) => headers.range)).toEqual(['bytes=200000-', undefined]);
    expect(bed.files()).toEqual(DONE);
  });

  it('keeps what the first part knew of the file', async () => {
    bed.leavePartial(HALF, '"1"');
    bed.server().at('/bundle', { body: BUNDLE, etag: '"1"', after: { bytes: 10, then: 'end' } });
    await expect(bed.get()).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
    const facts: unknown = JSON.parse(bed.files()['bundle.partial.json'] ?? '');
    expect(facts).toEqual({ url: bed.server().url('/bundle').href, validator: '"1"', sha256: sha256(BUNDLE) });
  });
});
