import fs from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { UpdateError } from '../../../../lib/core/errors.ts';
import type { Waits } from '../../../../lib/io/http/server-waits.ts';
import { waits } from '../../../../lib/io/http/server-waits.ts';
import { temporary } from '../../../helpers/device.ts';

const URL_OF_SITE = new URL('https://x.org/manifest.json');
const asks = (ms: number): UpdateError => new UpdateError('SERVER_ERROR', 'x', { retryAfterMs: ms });

function isHeld(kept: Waits, url = URL_OF_SITE): boolean {
  try {
    kept.assertOver(url, 'the manifest');
    return false;
  } catch (error) {
    expect(error).toMatchObject({ code: 'SERVER_ERROR' });
    return true;
  }
}

it('keeps what a server asked for, for all that is asked of it, in this run and the next', () => {
  const file = join(temporary(), 'cache/waits.json');
  const kept = waits(file, false);
  expect(isHeld(kept)).toBe(false);
  kept.note(URL_OF_SITE, asks(3_600_000));
  expect([isHeld(kept), isHeld(kept, new URL('https://x.org/other')), isHeld(kept, new URL('http://x.org/')), isHeld(waits(file, true))]).toEqual([
    true,
    true,
    false,
    true,
  ]);
  kept.note(URL_OF_SITE, new Error('another failure'));
  expect(isHeld(waits(file, false))).toBe(true);
  kept.note(URL_OF_SITE, null);
  expect([isHeld(kept), isHeld(waits(file, false))]).toEqual([false, false]);
});

it('writes nothing where nothing was asked for', () => {
  const file = join(temporary(), 'waits.json');
  waits(file, false).note(URL_OF_SITE, null);
  expect(fs.existsSync(file)).toBe(false);
});

it.each<[string, (file: string) => void]>([
  [
    'not-json',
    (file) => {
      fs.writeFileSync(file, 'hello');
    },
  ],
  [
    'a-wait-of-a-year',
    (file) => {
      fs.writeFileSync(
        file,
        JSON.stringify({ schema: 1, waits: [{ origin: 'https://x.org', asked: new Date().toISOString(), ms: 31_536_000_000 }] }),
      );
    },
  ],
  [
    'a-wait-from-the-future',
    (file) => {
      fs.writeFileSync(file, JSON.stringify({ schema: 1, waits: [{ origin: 'https://x.org', asked: '2999-01-01T00:00:00.000Z', ms: 1000 }] }));
    },
  ],
  [
    'a-folder',
    (file) => {
      fs.mkdirSync(`${file}/deep`, { recursive: true });
    },
  ],
  [
    'a-link',
    (file) => {
      fs.symlinkSync('/nowhere', file);
    },
  ],
])('takes a damaged file for none, and writes it anew: %s', (_name, damage) => {
  const file = join(temporary(), 'waits.json');
  damage(file);
  const kept = waits(file, false);
  expect(isHeld(kept)).toBe(false);
  kept.note(URL_OF_SITE, asks(60_000));
  expect(isHeld(waits(file, false))).toBe(true);
});

it('keeps it for the run where it cannot be written', () => {
  const kept = waits('/dev/null/waits.json', false);
  kept.note(URL_OF_SITE, asks(60_000));
  expect(isHeld(kept)).toBe(true);
});
