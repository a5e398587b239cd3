import fs from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { DownloadRequest } from '../../../../lib/io/http/download-request.ts';
import { BUNDLE, DONE, downloadBed } from '../../../helpers/download-bed.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { copyLocalFile } from '../../../../lib/io/source/local-copy.ts';
import { download } from '../../../../lib/io/http/download.ts';
import { RateGuard } from '../../../../lib/io/http/rate-guard.ts';
import { matching } from '../../../helpers/matchers.ts';

const bed = downloadBed();
const stick = useTempDir();

function plug(bytes: Buffer): URL {
  fs.writeFileSync(join(stick(), 'bundle'), bytes);
  return pathToFileURL(join(stick(), 'bundle'));
}

describe('a download from a folder of this device', () => {
  it('copies, verifies, and tells how far it is', async () => {
    const seen: number[] = [];
    const done = await download(plug(BUNDLE), bed.request({ onProgress: (bytes) => seen.push(bytes) }));
    expect(done).toEqual({ received: BUNDLE.length, resumed: 0 });
    expect(seen.at(-1)).toBe(BUNDLE.length);
    expect(bed.files()).toEqual(DONE);
  });

  it('begins anew after an interruption, whatever is there', async () => {
    bed.leavePartial(Buffer.from('something else'), null);
    expect(await download(plug(BUNDLE), bed.request())).toEqual({ received: BUNDLE.length, resumed: 0 });
    expect(bed.files()).toEqual(DONE);
  });

  it.each<[string, () => URL, Partial<DownloadRequest>, string]>([
    ['other-bytes', () => plug(Buffer.alloc(BUNDLE.length)), {}, 'DIGEST_MISMATCH'],
    ['shorter', () => plug(BUNDLE.subarray(1)), {}, 'SIZE_MISMATCH'],
    ['longer', () => plug(Buffer.concat([BUNDLE, BUNDLE])), {}, 'SIZE_MISMATCH'],
    ['too-large', () => plug(BUNDLE), { sizeBytes: null, sha256: null, maxBytes: 1000 }, 'RESPONSE_TOO_LARGE'],
    ['not-there', () => pathToFileURL(join(stick(), 'none')), {}, 'OFFLINE'],
  ])('leaves nothing behind of what is wrong: %s', async (_name, url, given, code) => {
    await expect(download(url(), bed.request(given))).rejects.toMatchObject({ code });
    expect(bed.files()).toEqual({});
  });

  it('says so when the stick is pulled out', async () => {
    const unknown = { sizeBytes: null, sha256: null };
    await expect(download(pathToFileURL('/proc/self/mem'), bed.request(unknown))).rejects.toMatchObject({
      code: 'OFFLINE',
      message: matching('the stick was pulled out'),
    });
  });

  it('ends in the middle when it is cancelled', async () => {
    const cancel = new AbortController();
    const big = plug(Buffer.alloc(3_000_000));
    const seen: number[] = [];
    const onProgress = (bytes: number): void => {
      seen.push(bytes);
      cancel.abort();
    };
    const given = bed.request({ sizeBytes: 3_000_000, sha256: null, maxBytes: 4_000_000, signal: cancel.signal, onProgress });
    await expect(download(big, given)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(seen).toEqual([256 * 1024]);
  });
});

it('copyLocalFile takes all that is there when the size is unknown', async () => {
  const tools = { guard: new RateGuard(0, 0), signal: new AbortController().signal };
  const given = bed.request({ sizeBytes: null, sha256: null });
  expect(await copyLocalFile(plug(BUNDLE), given, tools)).toMatchObject({ received: BUNDLE.length });
  tools.guard.stop();
  expect(bed.files()).toEqual(DONE);
});
