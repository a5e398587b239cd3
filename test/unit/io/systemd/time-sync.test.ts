import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clockSet } from '../../../../lib/io/systemd/time-sync.ts';
import { temporary } from '../../../helpers/device.ts';

const LONG = { waitMs: 100_000, signal: new AbortController().signal };

describe('clockSet', () => {
  it('resolves at once when the clock is right', async () => {
    await clockSet(() => true, { ...LONG, dir: join(temporary(), 'timesync') });
  });

  it('looks again when the first answer of a server of time creates the file, also in a folder that was not there', async () => {
    const dir = join(temporary(), 'systemd/timesync');
    let looked = 0;
    let isRight = false;
    const done = clockSet(
      () => {
        looked += 1;
        return isRight;
      },
      { ...LONG, dir },
    );
    expect(looked).toBe(1);
    isRight = true;
    fs.mkdirSync(dir, { recursive: true });
    fs.writeFileSync(join(dir, 'synchronized'), '');
    await done;
    expect(looked).toBeGreaterThan(1);
  });

  it('looks again when the clock is set once more', async () => {
    const dir = temporary();
    fs.writeFileSync(join(dir, 'synchronized'), '');
    let isRight = false;
    const done = clockSet(() => isRight, { ...LONG, dir });
    isRight = true;
    fs.utimesSync(join(dir, 'synchronized'), new Date(), new Date());
    await done;
  });

  it('gives up at the end of its time, and when the step is stopped', async () => {
    await clockSet(() => false, { ...LONG, waitMs: 1, dir: temporary() });
    const stop = new AbortController();
    const waiting = clockSet(() => false, { waitMs: 100_000, signal: stop.signal, dir: temporary() });
    stop.abort();
    await waiting;
    await clockSet(() => false, { waitMs: 100_000, signal: stop.signal, dir: temporary() });
  });
});
