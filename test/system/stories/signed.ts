/** Signed releases on real systemd: what an owner who trusts a root is told, and what the device refuses, follows and waits for. */
import fs from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import * as z from 'zod';
import type { TrustCode } from '../../../lib/core/trust/trust-words.ts';
import { TRUST_WORDS } from '../../../lib/core/trust/trust-words.ts';
import type { DeviceImage } from '../../helpers/container.ts';
import { describeOnDevice } from '../../helpers/container.ts';
import { unexpectedLines } from '../../helpers/journal-lines.ts';
import { containing, matching } from '../../helpers/matchers.ts';
import type { Stage } from '../../helpers/on-device.ts';
import type { PikitDevice } from '../../helpers/pikit-device.ts';
import type { Built, Site } from '../../helpers/release-builder.ts';
import { releaseSite } from '../../helpers/release-builder.ts';
import { fingerprintOf, onSignedSite, trust } from '../../helpers/signed-stage.ts';
import { CLOCK, SIGNED_LINES, page, setClock, wrongClock } from './signed-parts.ts';

const CHECK = 'pikit-update-check.service';
const APPLY = 'pikit-update-apply.service';
const ROOT = '/etc/pikit/trust/root.json';
const PATIENCE_MS = 180_000;

const Metadata = z.object({ signatures: z.array(z.unknown()), signed: z.unknown() });

export function tellOfSigned(image: DeviceImage): void {
  describeOnDevice(image, `signed releases on ${image}`, () => {
    let stage: Stage;
    let device: PikitDevice;
    let site: Site;
    let installed: Built;
    const others: Site[] = [];

    beforeAll(async () => {
      stage = await onSignedSite(image);
      ({ device, site } = stage);
      return async () => {
        for (const other of others) other.remove();
        await stage.end();
      };
    });

    /** The site as it is now, for an attacker to change. */
    const stolen = (from: Site = site): Site => {
      const copy = from.copy();
      others.push(copy);
      return copy;
    };
    const pikitUpdate = async (...args: string[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await device.exec(['pikit-update', ...args]);
      expect(exitCode, stdout + stderr).toBe(0);
      return stdout;
    };
    const install = async (...release: Parameters<Stage['publish']>): Promise<string[]> => {
      const built = await stage.publish(...release);
      const { exitCode, lines } = await device.start(APPLY);
      expect(exitCode, lines.join('\n')).toBe(0);
      await device.expectExactly(built);
      installed = built;
      return lines;
    };
    /** Neither a check nor an installation gets past it, and what is installed stays. */
    const refused = async (code: TrustCode, message: RegExp): Promise<void> => {
      for (const unit of [CHECK, APPLY]) {
        await device.sh('systemctl reset-failed');
        const { exitCode, lines } = await device.start(unit);
        expect([unit, exitCode, lines.join('\n')]).toEqual([unit, 1, containing(`[${code}]`)]);
        expect(lines.join('\n')).toMatch(message);
        expect(lines.join('\n')).toMatch(/^hint: /m);
      }
      await device.expectExactly(installed);
      const status = await pikitUpdate('status');
      expect(status).toContain(`not valid: ${TRUST_WORDS[code].what}\n`);
      expect(status).toMatch(/^ +nothing was installed, and what is installed stays; last known good (?:never|just now|\d+ minutes? ago)/m);
    };
    const wellAgain = async (): Promise<void> => {
      await device.serve(site);
      await device.sh('systemctl reset-failed');
      expect(await device.start(CHECK)).toMatchObject({ exitCode: 0 });
      expect(await pikitUpdate('status')).toMatch(/^signatures +verified just now/m);
    };

    it('trusts a root by the fingerprint of its key, and no other', async () => {
      await device.writeFile('/root/root.json', fs.readFileSync(join(site.dir, 'tuf/root.json')));
      const strange = fingerprintOf(site, 'targets');
      expect(await device.exec(['pikit-update', 'trust', '/root/root.json', '--fingerprint', strange])).toMatchObject({
        exitCode: 1,
        stderr: containing(`this root is not of the key ${strange}`),
      });
      expect((await device.exec(['test', '-e', ROOT])).exitCode).toBe(1);
      await trust(device, site);
      expect(await device.sh(`stat -c '%U %a' ${ROOT}`)).toBe('root 644\n');
      expect(await pikitUpdate('trust', 'show')).toContain(fingerprintOf(site, 'root'));
      expect(await pikitUpdate('status')).toMatch(/^signatures +required; none were verified yet$/m);
    });

    it('installs a signed release, and journal, status and history say who signed it', async () => {
      const lines = await install({ version: '1.0.0', web: '5.17.14' });
      expect(lines).toContainEqual(matching(/^1\.0\.0 is signed by targets \(valid until \d{4}-\d\d-\d\d\)$/));
      const status = await pikitUpdate('status');
      expect(status).toMatch(/^signatures +verified .*; they expire in \d+ (?:days|months|years?) /m);
      expect(await pikitUpdate('history')).toContain('signed by targets');
      expect(await device.sh("stat -c '%U %a' /var/lib/pikit/trust; ls /var/lib/pikit/trust")).toBe(
        'root 700\n1.root.json\nroot.json\nsnapshot.json\ntargets.json\ntimestamp.json\n',
      );
    });

    it('runs the command of a signed release, which no setting allows', async () => {
      const hook = '#!/bin/sh\necho "ran with $1" | tee /var/www/pikit-web/hook.txt\n';
      const lines = await install({
        ...page('1.1.0', { 'helpers/hook.sh': hook, 'pikit-web/hook.txt': 'ran with --to\n' }),
        run: 'helpers/hook.sh --to 2',
      });
      expect(lines).toContain("'helpers/hook.sh' wrote: ran with --to");
    });

    it('is told who signs a branch with a key of its own, and takes its releases', async () => {
      site.release('branch', 'add', 'nightly', '--new-key');
      const nightly = site.publish({ ...page('1.2.0-nightly.1'), branch: 'nightly' });
      await device.serve(site);
      expect(await device.start(CHECK)).toMatchObject({ exitCode: 0 });
      expect(await pikitUpdate('branch')).toMatch(/nightly +1\.2\.0-nightly\.1 .*\n.*signed by branch-nightly|nightly.*signed by branch-nightly/);
      expect(await pikitUpdate('branch', 'nightly')).toContain('its releases are signed by branch-nightly');
      const { exitCode, lines } = await device.start(APPLY);
      expect(exitCode, lines.join('\n')).toBe(0);
      expect(lines).toContainEqual(matching(/^1\.2\.0-nightly\.1 is signed by branch-nightly \(valid until /));
      await device.expectExactly(nightly);
      await pikitUpdate('branch', 'stable');
      await install(page('1.2.0'));
    });

    it('follows keys that were changed twice while it was off', async () => {
      for (let round = 0; round < 2; round += 1) for (const role of ['root', 'targets', 'online']) site.release('key', 'rotate', role);
      await device.restartHard();
      const lines = await install(page('1.3.0'));
      expect(lines).toContainEqual(matching(/^1\.3\.0 is signed by targets-3 /));
      expect(await pikitUpdate('trust', 'show')).toMatch(/^root +version 7, reached from version 1, which you trusted$/m);
    });

    it('refuses what a key has signed that was revoked', async () => {
      const thief = stolen();
      thief.publish(page('9.0.0'));
      site.release('key', 'rotate', 'online');
      await wellAgain();
      // All that the thief has, behind the roots that everybody has seen.
      for (const name of fs.readdirSync(join(site.dir, 'tuf')).filter((file) => file.endsWith('root.json')))
        fs.copyFileSync(join(site.dir, 'tuf', name), join(thief.dir, 'tuf', name));
      await device.serve(thief);
      await refused('SIGNATURE_INVALID', /'timestamp\.json' .*no valid signature of 'online-4'; 1 of a key that may not sign it/);
      await wellAgain();
    });

    it('refuses metadata from before', async () => {
      const before = stolen();
      await install(page('1.4.0'));
      await device.serve(before);
      await refused('METADATA_ROLLBACK', /'timestamp\.json' is version \d+, and this device has trusted version \d+ already/);
      await wellAgain();
    });

    it('refuses a server that has no signatures any more', async () => {
      const bare = stolen();
      bare.publish(page('9.0.0'));
      fs.rmSync(join(bare.dir, 'tuf'), { recursive: true });
      await device.serve(bare);
      await refused('SIGNATURE_MISSING', /not signed/);
      await wellAgain();
    });

    it('refuses a site of other keys', async () => {
      const other = releaseSite({ signed: true });
      others.push(other);
      other.publish(page('9.0.0'));
      await device.serve(other);
      await refused('SIGNATURE_INVALID', /'timestamp\.json' .*; 1 of a key that may not sign it/);
      await wellAgain();
    });

    it('refuses one signature where two are needed', async () => {
      site.release('key', 'add', 'online', '--new-key', '--threshold', '2');
      await install(page('1.5.0'));
      const half = stolen();
      half.publish(page('9.0.0'));
      const timestamp = join(half.dir, 'tuf/timestamp.json');
      const { signatures, signed } = Metadata.parse(JSON.parse(fs.readFileSync(timestamp, 'utf8')));
      fs.writeFileSync(timestamp, JSON.stringify({ signatures: signatures.slice(0, 1), signed }));
      await device.serve(half);
      await refused('SIGNATURE_INVALID', /'timestamp\.json' .* is signed by 1 of the keys that may sign it, and 2 are needed/);
      await wellAgain();
    });

    it('says that the clock is wrong, and waits for it when the timer asks', async () => {
      await stage.publish(page('1.6.0'));
      await wrongClock(device);
      const early = async (unit: string, message: RegExp): Promise<void> => {
        const { exitCode, lines } = await device.start(unit);
        expect([unit, exitCode, lines.join('\n')]).toEqual([unit, 1, containing('[CLOCK_WRONG]')]);
        expect(lines.join('\n')).toMatch(message);
      };
      await setClock(device, '1970-01-01 00:00:05');
      for (const unit of [CHECK, APPLY]) await early(unit, /the clock of this device says 1970-01-01T.*, which is before this updater was built/);
      await setClock(device, '-3d');
      await early(CHECK, /which is before (?:this updater was built|the newest signature that was verified here) \(20/);
      await device.expectExactly(installed);

      await setClock(device, '1970-01-01 00:00:05');
      await device.sh('systemctl reset-failed');
      const after = await device.cursor();
      const said = (pattern: RegExp): Promise<unknown> =>
        device.waitForJournal(['-t', 'pikit-update-check'], ({ MESSAGE = '' }) => pattern.test(MESSAGE), { after, timeoutMs: PATIENCE_MS });
      await device.fireTimer();
      await said(/waiting until it is synchronised/);
      await setClock(device, '+0');
      await device.sh('mkdir -p /run/systemd/timesync; touch /run/systemd/timesync/synchronized');
      await said(/^the clock is set: it says 20/);
      await said(/^1\.6\.0 is available/);
      await device.waitForUnit(CHECK, ({ ActiveState }) => ActiveState === 'inactive', PATIENCE_MS);
      await device.sh(`rm -r ${CLOCK}; systemctl daemon-reload`);
      await install(page('1.7.0'));
    });

    it('installs nothing where the trusted root is gone, until it is put back', async () => {
      await stage.publish(page('1.8.0'));
      await device.sh(`mv ${ROOT} /root/kept.json; systemctl reset-failed`);
      for (const unit of [CHECK, APPLY]) {
        const { exitCode, lines } = await device.start(unit);
        expect([unit, exitCode, lines.join('\n')]).toEqual([unit, 1, containing('[TRUST_INVALID]')]);
      }
      await device.expectExactly(installed);
      await device.sh(`mv /root/kept.json ${ROOT}; systemctl reset-failed`);
      await install(page('1.9.0'));
    });

    it('goes on without signatures after a reset alone, and with them when a root is trusted again', async () => {
      expect((await device.exec(['pikit-update', 'trust', 'reset'])).exitCode).not.toBe(0);
      await pikitUpdate('trust', 'reset', '--yes');
      expect(await device.sh('ls -A /etc/pikit/trust /var/lib/pikit/trust 2>/dev/null || true')).not.toMatch(/json/);
      const bare = stolen();
      const release = bare.publish(page('2.0.0'));
      fs.rmSync(join(bare.dir, 'tuf'), { recursive: true });
      await device.serve(bare);
      expect(await device.start(APPLY)).toMatchObject({ exitCode: 0 });
      await device.expectExactly(release);
      installed = release;
      expect(await pikitUpdate('status')).toMatch(/^signatures +not verified: releases are checked for damage only/m);
      await trust(device, site);
      await refused('SIGNATURE_MISSING', /not signed/);
      await install(page('2.1.0'));
    });

    it('has written no line that is not on the list', async () => {
      expect(unexpectedLines(await device.linesSince(stage.began), SIGNED_LINES)).toEqual([]);
    });
  });
}
