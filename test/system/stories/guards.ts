/**
 * What stops a device from trying for ever: an update that can be neither finished nor undone is called broken after three
 * attempts, with the dashboard up and a word on what to do; a version that was cut short three times is held. Each has a way out.
 */
import { beforeAll, expect, it } from 'vitest';
import type { DeviceImage } from '../../helpers/container.ts';
import { describeOnDevice } from '../../helpers/container.ts';
import { unexpectedLines } from '../../helpers/journal-lines.ts';
import { containing, matching } from '../../helpers/matchers.ts';
import { onDevice } from '../../helpers/on-device.ts';
import type { PikitDevice } from '../../helpers/pikit-device.ts';
import type { Built } from '../../helpers/release-builder.ts';

const MINUTE = 60_000;
const FILE = '/var/www/pikit-web/release.txt';
const RECOVER = 'pikit-update-recover.service';

/** What these devices say beyond a good day. */
const GUARD_LINES = [
  new RegExp(`^cannot restore '${FILE}': it is a directory now \\[UNDO_FAILED\\]$`),
  new RegExp(`^neither the old file nor the backup of '${FILE}' still has its content \\[UNDO_FAILED\\]$`),
  /^the update cannot be undone, 3 attempts failed: .* \[BROKEN\]$/,
  /^the update cannot be undone: attempt 4 failed as well: .*; its journal is kept as '\/var\/lib\/pikit\/journal\.broken-1' \[BROKEN\]$/,
  new RegExp(`^hint: move '${FILE}' somewhere else, then \`pikit-update rollback\`$`),
  /^hint: check '\/var\/backups\/pikit\/[\dTZ.]+' and `dmesg`: the SD card may be failing; then `pikit-update rollback` tries again$/,
  /^hint: check `dmesg` \(the SD card may be failing\), then install a release again with `pikit-update apply`$/,
];

/** Defines the suite for one image. */
export function tellGuards(image: DeviceImage): void {
  describeOnDevice(image, `loop guards on ${image}`, () => {
    let device: PikitDevice;
    let older: Built;
    let newer: Built;
    let began = '';

    beforeAll(async () => {
      const stage = await onDevice(image, { timeout: '2min', settle: '50ms' });
      ({ device, began } = stage);
      older = await stage.install({ version: '1.0.0', web: '5.17.14' });
      newer = await stage.publish({ version: '1.1.0', web: '5.18.2' });
      return stage.end;
    });

    /** Back to 1.0.0, with nothing held. */
    const startOver = async (): Promise<void> => {
      await device.letGo();
      await device.sh('systemctl reset-failed');
      if ((await device.version()) === newer.version) expect(await device.start('pikit-update-rollback.service')).toMatchObject({ exitCode: 0 });
      await device.forgetHeld();
      await device.expectExactly(older);
    };

    /** An apply that has renamed every file, and waits for a health check that does not come. */
    const startHeldApply = async (): Promise<{ done: Promise<number> }> => {
      await device.hold();
      const after = await device.cursor();
      const done = device.systemctl('start', 'pikit-update-apply.service').then((result) => result.exitCode);
      await device.waitForJournal(['-t', 'pikit-update-apply'], (entry) => /^restarted /.test(entry.MESSAGE ?? ''), { after, timeoutMs: MINUTE });
      return { done };
    };

    /** Cuts the power there, with the old bytes damaged in this way, and boots. Resolves when systemd tries no more. */
    const cutAndDamage = async (damage: string): Promise<string> => {
      await startHeldApply();
      await device.sh(`kill -STOP "$(systemctl show -P MainPID pikit-update-apply.service)"\n${damage}`);
      const after = await device.cursor();
      await device.restartHard();
      await device.waitForJournal([], (entry) => entry.UNIT === RECOVER && /Start request repeated too quickly/.test(entry.MESSAGE ?? ''), {
        after,
        timeoutMs: MINUTE,
      });
      return after;
    };

    /** The dashboard is there, whatever became of the update. */
    const expectServing = async (): Promise<void> => {
      for (const unit of ['nginx.service', 'pikit-api.service', 'dietpi-dashboard-frontend.service']) {
        expect((await device.unit(unit)).ActiveState, unit).toBe('active');
      }
      expect(await device.sh('curl -sf http://127.0.0.1/')).toContain('<html');
      expect(await device.sh('curl -sf --retry 5 --retry-all-errors http://127.0.0.1/api/version')).toMatch(/^\{"version": "1\.[01]\.0"\}$/);
    };

    const lastOfHistory = async (): Promise<unknown> => JSON.parse(await device.sh('tail -n 1 /var/lib/pikit/history.jsonl'));
    const status = async (): Promise<string> => device.sh('pikit-update status');

    it('calls an update broken that three undos could not undo, and undoes it when the owner has mended what was in the way', async () => {
      await startOver();
      const after = await cutAndDamage(`rm ${FILE}; mkdir ${FILE}; echo mine >${FILE}/mine`);
      const codes = (await device.linesSince(after)).flatMap((line) => /\[([A-Z_]+)\]$/.exec(line)?.[1] ?? []);
      expect(codes).toEqual(['UNDO_FAILED', 'UNDO_FAILED', 'BROKEN']);
      expect(await device.unit(RECOVER)).toMatchObject({ ActiveState: 'failed' });
      await expectServing();
      const receipt = (await device.state()).last_result;
      expect(receipt).toMatchObject({
        step: 'recover',
        outcome: 'broken',
        code: 'BROKEN',
        message: matching(/^the update cannot be undone, 3 attempts failed: .* is a directory now/),
        hint: containing(`move '${FILE}' somewhere else`),
      });
      expect(await lastOfHistory()).toEqual(receipt);
      expect(await device.start('pikit-update-check.service')).toMatchObject({ exitCode: 0 });
      expect(await status()).toMatch(/last result +recover: broken, .*\n.*3 attempts failed.*\n +hint: move .* then `pikit-update rollback`\n/);
      await device.sh(`mv ${FILE} /root/mine`);
      const { exitCode, stderr } = await device.exec(['pikit-update', 'rollback']);
      expect(exitCode, stderr).toBe(0);
      await device.expectExactly(older);
      await expectServing();
      expect(await status()).toMatch(/last result +rollback: rolled-back/);
    });

    it('holds a version that was cut short three times, until the owner asks for it by name', async () => {
      await startOver();
      for (let attempt = 1; attempt <= 3; attempt += 1) {
        const { done } = await startHeldApply();
        const after = await device.cursor();
        const undone = device.waitForJournal(['-t', 'pikit-update-rollback'], (entry) => /^installing 1\.1\.0 failed/.test(entry.MESSAGE ?? ''), {
          after,
          timeoutMs: MINUTE,
        });
        await device.sh('kill -9 "$(systemctl show -P MainPID pikit-update-apply.service)"');
        await device.letGo();
        expect(await done).toBe(1);
        await undone;
        await device.waitForUnit('pikit-update-rollback.service', (unit) => unit.ActiveState === 'inactive', MINUTE);
        expect((await device.state()).held).toMatchObject([{ version: '1.1.0', reason: 'attempts', attempts: attempt }]);
      }
      await device.expectExactly(older);
      await device.settings({ auto: 'install' });
      const after = await device.cursor();
      const said = device.waitForJournal(['-t', 'pikit-update-check'], (entry) => /^1\.1\.0 is held/.test(entry.MESSAGE ?? ''), {
        after,
        timeoutMs: MINUTE,
      });
      await device.fireTimer();
      await said;
      await device.waitForUnit('pikit-update-check.service', (unit) => unit.ActiveState === 'inactive', MINUTE);
      expect(await device.start('pikit-update-apply.service')).toMatchObject({ exitCode: 0 });
      await device.expectExactly(older);
      expect(await status()).toMatch(
        /1\.1\.0 is held: it failed here before \(3 attempts to install it were interrupted\)\n.*`pikit-update apply --version 1\.1\.0`/,
      );
      const { exitCode, stderr } = await device.exec(['pikit-update', 'apply', '--version', '1.1.0']);
      expect(exitCode, stderr).toBe(0);
      await device.expectExactly(newer);
      expect((await device.state()).held).toEqual([]);
    });

    // The last one: what is there afterwards to go back to is not 1.0.0 as it was.
    it('gives it up at the next boot when the old bytes are lost, and takes a release over what is there', async () => {
      await startOver();
      const { done } = await startHeldApply();
      const after = await device.cursor();
      // One inode is all there is: the old file, its second name and its copy in the backup.
      await device.sh(`grep -lxF 1.0.0 /var/www/pikit-web/.pikit-*.o* | while read -r old; do echo rot >"$old"; done`);
      const failed = device.waitForUnit('pikit-update-rollback.service', (unit) => unit.ActiveState === 'failed', MINUTE);
      await device.sh('kill -9 "$(systemctl show -P MainPID pikit-update-apply.service)"');
      expect(await done).toBe(1);
      await failed;
      for (let attempt = 2; attempt <= 3; attempt += 1) {
        expect(await device.start('pikit-update-rollback.service')).toMatchObject({ exitCode: 1 });
      }
      await expectServing();
      const codes = (await device.linesSince(after)).flatMap((line) => /\[([A-Z_]+)\]$/.exec(line)?.[1] ?? []);
      expect(codes).toEqual(['UNDO_FAILED', 'UNDO_FAILED', 'BROKEN']);
      await device.restartHard();
      // It fails once more, and systemd starts it again: then it finds nothing, and that is not the last word.
      await device.waitForUnit(RECOVER, (unit) => unit.ActiveState === 'inactive' && unit.Result === 'success', MINUTE);
      await expectServing();
      const receipt = (await device.state()).last_result;
      expect(receipt).toMatchObject({
        step: 'recover',
        outcome: 'broken',
        code: 'BROKEN',
        from: '1.0.0',
        to: '1.1.0',
        hint: containing('`pikit-update apply`'),
      });
      expect(await lastOfHistory()).toEqual(receipt);
      expect(await status()).toMatch(/last result +recover: broken, .*\n.*attempt 4 failed as well.*\n +hint: .*`pikit-update apply`\n/);
      const { exitCode, stderr } = await device.exec(['pikit-update', 'apply']);
      expect(exitCode, stderr).toBe(0);
      await device.sh('rm /var/lib/pikit/journal.broken-1'); // kept for a look
      await device.expectExactly(newer);
      await expectServing();
    });

    it('wrote no line that is not on the list', async () => {
      expect(unexpectedLines(await device.linesSince(began), GUARD_LINES)).toEqual([]);
    });
  });
}
