/**
 * L7: clocks that are wrong, jump, repeat an hour, or stand at the very second that decides, with the built programs. A Pi has
 * no clock of its own: it starts anywhere, and is set when the network is there, in the middle of whatever is going on.
 * Releases do not expire in this version: nothing is decided by a date but that the clock cannot be right.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import type { Running } from '../../helpers/device.ts';
import { atLeast } from '../plan.ts';
import type { SlowPage } from './answers.ts';
import { halved, slowPage } from './answers.ts';
import type { Bed } from './bed.ts';
import { openBed } from './bed.ts';
import { noFaketime } from '../../helpers/faketime.ts';

/** As lib/steps/source/situation.ts has it. */
const FLOOR = new Date('2026-11-01T00:00:00Z');

const inDays = (count: number): Date => new Date(Date.now() + count * 24 * 3600 * 1000);
const inSeconds = (from: Date, count: number): Date => new Date(from.getTime() + count * 1000);

/** What the history says, oldest first. */
function historyOf({ on }: Bed): string[] {
  return on.files.readHistory().map(({ step, outcome, from, to }) => `${step} ${outcome}: ${String(from)} → ${String(to)}`);
}

/** Waits for a moment of a process, which must not have ended by then. */
async function reached(running: Running, moment: Promise<void>): Promise<void> {
  const ended = running.ended.then(({ code, out, err }) => assert.fail(`it ended with ${String(code)}:\n${out}${err}`));
  await Promise.race([moment, ended]);
}

/** A release is staged, and its apply waits for a page. */
async function onTrial(bed: Bed, version: string): Promise<{ trial: Running; page: SlowPage }> {
  const page = slowPage();
  bed.configure([`${bed.server.url}page`]);
  bed.server.answer('/page', page.answer);
  await bed.publish(version);
  await bed.step('check', 0);
  await bed.step('fetch', 0);
  const trial = bed.begin('apply');
  await reached(trial, page.reached);
  return { trial, page };
}

async function assertWorked(running: Running): Promise<string> {
  const { code, out, err } = await running.ended;
  assert.equal(code, 0, out + err);
  return out;
}

/** When clocks of Berlin are set back the next time but one: on the last Sunday of an October that is still to come. */
function nextHourTwice(): Date {
  const last = new Date(Date.UTC(new Date().getUTCFullYear() + 1, 9, 31, 1));
  last.setUTCDate(31 - last.getUTCDay());
  return last;
}

let cases = 0;

describe.skipIf(noFaketime() !== null)('a clock', () => {
  const test = (name: string, act: () => Promise<void>): void => {
    it(name, async () => {
      await act();
      cases += 1;
    });
  };

  test('five years behind is told by those who ask the network, and stops no other step', async () => {
    const bed = await openBed();
    await bed.publish('2.0.0');
    await bed.step('check', 0);
    await bed.step('fetch', 0);
    bed.clock.set(inDays(-5 * 365));
    for (const step of ['check', 'fetch'] as const) {
      const { err } = await bed.step(step, 1);
      assert.match(err, /^error: the clock of this device says 20\d\d-.* \[CLOCK_WRONG\]\nhint: set the clock/);
    }
    bed.assertOn('1.1.0', '1.0.0 → 1.1.0');
    await bed.step('apply', 0);
    bed.assertOn('2.0.0', '1.1.0 → 2.0.0');
    await bed.step('rollback', 0);
    bed.assertOn('1.1.0', '1.1.0 → 2.0.0');
    assert.deepEqual(historyOf(bed).slice(-4), [
      'check failed: 1.1.0 → null',
      'fetch failed: 1.1.0 → 2.0.0',
      'apply ok: 1.1.0 → 2.0.0',
      'rollback ok: 2.0.0 → 1.1.0',
    ]);
    assert.match(await bed.shown('status'), /^last check +20\d\d-.*, which is ahead of the clock of this device$/m);
  });

  test('four hundred days ahead makes no backup the newest for ever, and forgives nothing', async () => {
    const bed = await openBed({ health: ['http://127.0.0.1:1/'], healthTimeout: '100ms' });
    await bed.publish('2.0.0');
    await bed.step('check', 0);
    await bed.step('fetch', 0);
    await bed.step('apply', 1);
    bed.assertOn('1.1.0', '1.0.0 → 1.1.0');
    bed.clock.set(inDays(400));
    bed.configure([]);
    await bed.step('check', 0);
    assert.match(await bed.shown('status'), /^available +2\.0\.0 is held: it failed here before/m);
    await bed.publish('2.1.0');
    await bed.update();
    bed.assertOn('2.1.0', '1.1.0 → 2.1.0');
    // The network is there, and the clock is set: what was made in the future is older than what is made now.
    bed.clock.set(new Date());
    await bed.publish('3.0.0');
    await bed.update();
    bed.assertOn('3.0.0', '2.1.0 → 3.0.0');
    await bed.step('rollback', 0);
    bed.assertOn('2.1.0', '2.1.0 → 3.0.0');
    assert.deepEqual(historyOf(bed).slice(-4), [
      'apply rolled-back: 1.1.0 → 2.0.0',
      'apply ok: 1.1.0 → 2.1.0',
      'apply ok: 2.1.0 → 3.0.0',
      'rollback ok: 3.0.0 → 2.1.0',
    ]);
  });

  test('at its beginning, as after every start without a network, recovers an update that the power cut short', async () => {
    const bed = await openBed();
    const { trial, page } = await onTrial(bed, '2.0.0');
    trial.child.kill('SIGKILL');
    assert.equal((await trial.ended).code, 'SIGKILL');
    page.open();
    bed.clock.set(new Date('1970-01-01T00:00:05Z'));
    await bed.step('recover', 0);
    bed.assertOn('1.1.0', '1.0.0 → 1.1.0');
    assert.match((await bed.step('check', 1)).err, /says 1970-01-01T00:00:\d\d.* \[CLOCK_WRONG\]/);
    assert.match(await bed.shown('status'), /^last result +check: failed, (?:just now|\d minutes? ago) \(1970-01-01 00:0\d\)$/m);
    await bed.step('rollback', 0);
    bed.assertOn('1.0.0', '1.0.0 → 1.1.0');
    assert.deepEqual(historyOf(bed).slice(-3), ['recover rolled-back: 1.1.0 → 2.0.0', 'check failed: 1.1.0 → null', 'rollback ok: 1.1.0 → 1.0.0']);
  });

  test('at its beginning is waited for by a run of the timer, and the run goes on when a server of time has set it', async () => {
    const bed = await openBed();
    await bed.publish('2.0.0');
    bed.clock.set(new Date('1970-01-01T00:00:05Z'));
    const night = bed.begin('check', { TRIGGER_UNIT: 'pikit-update.timer' });
    const told = new Promise<void>((resolve) => {
      night.child.stdout?.on('data', (text: string) => {
        if (text.includes('waiting until it is synchronised')) resolve();
      });
    });
    await reached(night, told);
    bed.clock.set(new Date());
    const sync = join(bed.on.root, 'run/systemd/timesync');
    mkdirSync(sync, { recursive: true });
    writeFileSync(join(sync, 'synchronized'), '');
    assert.match(await assertWorked(night), /the clock is set: it says 20[\s\S]*2\.0\.0 is available/);
    assert.deepEqual(historyOf(bed).slice(-1), ['apply ok: 1.0.0 → 1.1.0']);
  });

  test('that jumps forth and back during a download neither ends nor hangs it', async () => {
    const bed = await openBed({ toml: 'download_rate = "1MiB"' });
    await bed.publish('2.0.0');
    const { answer, begun, goOn } = halved(bed.bundle('2.0.0'));
    bed.server.answer('/bundles/pikit-2.0.0.tar.gz', answer);
    await bed.step('check', 0);
    const download = bed.begin('fetch');
    await reached(download, begun);
    bed.clock.set(inDays(400));
    bed.clock.set(inDays(-10));
    goOn();
    assert.match(await assertWorked(download), /2\.0\.0 is downloaded and verified/);
    bed.clock.set(inDays(-5 * 365));
    await bed.step('apply', 0);
    bed.assertOn('2.0.0', '1.1.0 → 2.0.0');
  });

  test('that jumps forth while a release is on trial does not cut its time short', async () => {
    const bed = await openBed({ healthTimeout: '60s' });
    const { trial, page } = await onTrial(bed, '2.0.0');
    bed.clock.set(inDays(400));
    page.open();
    await assertWorked(trial);
    bed.assertOn('2.0.0', '1.1.0 → 2.0.0');
  });

  test('that repeats an hour keeps backups and history in order', async () => {
    const bed = await openBed({ healthTimeout: '60s' }, 'Europe/Berlin');
    // In that night it is two o'clock twice.
    const change = nextHourTwice();
    const day = change.toISOString().slice(0, 10);
    bed.clock.set(inSeconds(change, -600));
    const { trial, page } = await onTrial(bed, '2.0.0');
    bed.clock.set(change);
    page.open();
    await assertWorked(trial);
    bed.assertOn('2.0.0', '1.1.0 → 2.0.0');
    const text = await bed.shown('status');
    assert.match(text, new RegExp(`^last check +\\d+ minutes ago \\(${day} 02:5\\d\\)$`, 'm'));
    assert.match(text, new RegExp(`^last result +apply: ok, (?:just now|\\d minutes? ago) \\(${day} 02:0\\d\\)$`, 'm'));
    await bed.publish('3.0.0');
    await bed.update();
    bed.assertOn('3.0.0', '2.0.0 → 3.0.0');
    const times = bed.on.files.readHistory().map(({ at }) => at);
    assert.deepEqual(times, times.toSorted());
  });

  test('that is set between check and apply changes nothing about either', async () => {
    const bed = await openBed();
    const right = new Date('2027-03-01T12:00:00Z');
    for (const [version, wrong, before] of [
      ['2.0.0', '2027-06-01T12:00:00Z', '1.1.0'],
      ['3.0.0', '2026-12-01T12:00:00Z', '2.0.0'],
    ] as const) {
      await bed.publish(version);
      bed.clock.set(new Date(wrong));
      await bed.step('check', 0);
      bed.clock.set(right);
      await bed.step('fetch', 0);
      await bed.step('apply', 0);
      bed.assertOn(version, `${before} → ${version}`);
    }
    const text = await bed.shown('status');
    // By hand the source is asked again before the download, with the clock that is right by then.
    assert.match(text, /^last check +(?:just now|\d minutes? ago) \(2027-03-01 12:0\d\)$/m);
    assert.match(text, /^last result +apply: ok, (?:just now|\d minutes? ago) \(2027-03-01 12:0\d\)$/m);
  });

  test('at the very second: too early for this updater until then, and no release has a date that counts', async () => {
    const bed = await openBed();
    const released = new Date('2027-01-01T00:00:00Z');
    await bed.publish('2.0.0', { released });
    bed.clock.stop(inSeconds(FLOOR, -1));
    assert.match((await bed.step('check', 1)).err, /says 2026-10-31T23:59:59\.000Z.* \[CLOCK_WRONG\]/);
    for (const at of [FLOOR, inSeconds(released, -1), released, inSeconds(released, 1)]) {
      bed.clock.stop(at);
      assert.match((await bed.step('check', 0)).out, /^2\.0\.0 is available/);
      assert.equal(bed.on.files.readState().last_check, at.toISOString());
    }
    bed.clock.stop(inSeconds(released, -1));
    await bed.step('fetch', 0);
    await bed.step('apply', 0);
    bed.assertOn('2.0.0', '1.1.0 → 2.0.0');
  });

  it('was wrong as often as planned', () => {
    atLeast('L7 clocks', cases, 9);
  });
});
