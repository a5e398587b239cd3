/**
 * The user pikit-update is hostile on a device that trusts a root: its code runs in the place of the download, inside the sandbox of that
 * unit, and root applies what it has left. A delay is all that it may come to. What is installed is what is signed or what was there;
 * before and after each try everything on the device is listed, and what differs is of that user, or a receipt of the updater.
 */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { DeviceImage } from '../../helpers/container.ts';
import { describeOnDevice } from '../../helpers/container.ts';
import type { Changed } from '../../helpers/device-listing.ts';
import { installListing, listingCompared, listingKept, parseChanges } from '../../helpers/device-listing.ts';
import { insideCheck } from '../../helpers/inside-check.ts';
import type { Stage } from '../../helpers/on-device.ts';
import type { PikitDevice } from '../../helpers/pikit-device.ts';
import type { Built, Site } from '../../helpers/release-builder.ts';
import { releaseSite } from '../../helpers/release-builder.ts';
import { onSignedSite, trust } from '../../helpers/signed-stage.ts';
import type { Try } from './signed-hostile-tries.ts';
import { BEFORE, BYTES, CACHE, EXCHANGE, FORGED, METADATA, RUN, STATE, STRANGE, plants, plantsAtOnce } from './signed-hostile-tries.ts';
import { page } from './signed-parts.ts';

const APPLY = 'pikit-update-apply.service';
const CHECK = 'pikit-update-check.service';
const ROLLBACK = 'pikit-update-rollback.service';
const DROP_IN = '/run/systemd/system/pikit-update-fetch.service.d';
const GOOD = '/srv/good';
const PATIENCE_MS = 180_000;

/** What root writes down of a step, whatever came of it. */
const RECEIPTS: readonly RegExp[] = [
  /^\/var\/lib\/pikit\/(?:history\.jsonl|held\.json)$/,
  /^\/var\/lib\/pikit-update\/published\.json$/,
  /^\/var\/lib\/pikit\/trust(?:\/(?:\d+\.)?[a-z]+\.json)?$/,
];
/** What an installation and the way back from it leave besides, once the files are those of before. */
const AFTERWARDS: readonly RegExp[] = [...RECEIPTS, /^\/var\/backups\/pikit(?:\/|$)/, /^\/var\/lib\/pikit\/installed\.json$/];

/** Every file of the release, and what else is where releases go: modes, types, owners, bytes. */
const TREE = `find /var/www/pikit-web /usr/local/bin ! -type d ! -name app-1.0.0.css -printf '%m %y %U:%G %p\\n'
          find /var/www/pikit-web /usr/local/bin -type f ! -name app-1.0.0.css -exec sha256sum {} +`;

/** The same, as it has to be. */
function treeOf({ expected }: Built): string[] {
  const files = [...expected].map(([path, facts]) => [path, ...facts.split(' ')]);
  return files.flatMap(([path = '', sha256 = '', mode = '']) => [`${mode} f 0:0 ${path}`, `${sha256}  ${path}`]).toSorted();
}

export function tellOfSignedHostile(image: DeviceImage, share: 'all' | 'a sample' = 'all'): void {
  describeOnDevice(image, `the user pikit-update is hostile, and releases are signed, on ${image}`, () => {
    let stage: Stage;
    let device: PikitDevice;
    let older: Built;
    let newer: Built;
    let strange: Site;
    let owner = '';
    let count = 0;

    beforeAll(async () => {
      stage = await onSignedSite(image);
      ({ device } = stage);
      await trust(device, stage.site);
      await stage.publish(page('0.9.0'));
      expect(await device.start(CHECK)).toMatchObject({ exitCode: 0 });
      await device.sh(`cp -r ${CACHE}/trust ${BEFORE}`);
      older = await stage.install(page('1.0.0'));
      strange = releaseSite({ signed: true });
      strange.publish(page('6.6.6'));
      await device.copyDir(strange.dir, STRANGE);
      newer = await stage.publish(page('1.1.0'));
      expect(await device.start('pikit-update-fetch.service')).toMatchObject({ exitCode: 0 });
      await device.sh(`chmod -R a+rX ${BEFORE} ${STRANGE}; mkdir -p ${GOOD}/state; cp -a ${CACHE} ${GOOD}/cache; cp -a /var/lib/pikit/trust ${GOOD}/trust
        find ${STATE} -type f -exec cp -a {} ${GOOD}/state \\;`);
      owner = (await device.sh('id -u pikit-update')).trim();
      await installListing(device);
      return async () => {
        strange.remove();
        await stage.end();
      };
    });

    afterAll(() => {
      console.log(
        `${image}: ${String(count)} tries of the user pikit-update on a device with signed releases, the whole device listed before and after each`,
      );
    });

    afterEach(async () => {
      await honest();
    });

    /** What was downloaded is there again as it came, and nothing else of that user; and root has not verified it yet. */
    const RESTORE = `rm -rf ${CACHE}; cp -a ${GOOD}/cache ${CACHE}; find ${STATE} ${RUN} -mindepth 1 -user pikit-update -delete; cp -a ${GOOD}/state/* ${STATE}/
      rm -rf /var/lib/pikit/trust; cp -a ${GOOD}/trust /var/lib/pikit/trust
      rm -rf ${STATE}/*.damaged* ${RUN}/*.damaged* ${RUN}/*/*.damaged*; systemctl reset-failed`;
    const hostile = async (): Promise<void> => {
      await device.writeFile(`${DROP_IN}/hostile.conf`, '[Service]\nExecStart=\nExecStart=/bin/bash /srv/try/script\n');
      await device.sh('systemctl daemon-reload');
    };
    const honest = async (): Promise<void> => {
      await device.sh(`rm -rf ${DROP_IN}; systemctl daemon-reload`);
    };
    /** Of a comparison, what is neither of that user in its own folders, nor a receipt. */
    const strangers = (changes: readonly Changed[], receipts: readonly RegExp[]): Changed[] =>
      changes.filter(({ path, before, after }) => {
        const mine = [CACHE, STATE, RUN].some((dir) => path === dir || path.startsWith(`${dir}/`));
        const isOf = (facts: string | null): boolean => facts === null || facts.split(' ')[2]?.startsWith(`${owner}:`) === true;
        return !(mine && isOf(before) && isOf(after)) && !receipts.some((pattern) => pattern.test(path));
      });

    /** One try: listed, tried, applied, and where something was installed gone back from; listed again. */
    const attempt = async ({ name, script, then }: Try): Promise<void> => {
      count += 1;
      await device.writeFile('/srv/try/script', `exec >/dev/null 2>&1\n${script}\ntrue\n`);
      const told = await device.sh(`${RESTORE}; ${listingKept('before')}
        after=$(journalctl --sync && journalctl --lines=1 --output=cat --show-cursor --quiet | sed -n 's/^-- cursor: //p')
        code=0; systemctl start ${APPLY} 2>/dev/null || code=$?
        journalctl --sync; echo "$code $(cat /etc/pikit/version) $(journalctl --after-cursor="$after" -o cat | grep -o '\\[[A-Z_]*\\]$' | tail -n 1)"
        if [ "$(cat /etc/pikit/version)" != 1.0.0 ]; then
          ${TREE}; systemctl start ${ROLLBACK} || echo "no way back"
        fi
        echo ==; ${listingCompared('before')}`);
      const [outcome = '', changes = ''] = told.split('==\n');
      const [first = '', ...more] = outcome.trim().split('\n');
      const [code, version, refusal = ''] = first.split(' ');
      const installs = version === newer.version;
      expect.soft([name, more.toSorted()]).toEqual([name, installs ? treeOf(newer) : []]);
      expect.soft([name, strangers(parseChanges(changes), installs ? AFTERWARDS : RECEIPTS)]).toEqual([name, []]);
      expect.soft([name, version]).toEqual([name, installs ? newer.version : older.version]);
      if (then === 'nothing') expect.soft([name, code, installs, refusal]).toEqual([name, '0', false, '']);
      else if (then === 'installs') expect.soft([name, code, installs, refusal]).toEqual([name, '0', true, '']);
      else expect.soft([name, code, refusal]).toEqual([name, '1', expect.stringMatching(new RegExp(`^\\[(?:${then})\\]$`))]);
    };
    /** The owner is delayed, and no more than that. */
    const installsAndGoesBack = async (): Promise<void> => {
      await honest();
      await device.sh('systemctl reset-failed');
      const { exitCode, lines } = await device.start(APPLY);
      expect(exitCode, lines.join('\n')).toBe(0);
      await device.expectExactly(newer);
      expect(await device.start(ROLLBACK)).toMatchObject({ exitCode: 0 });
      await device.expectExactly(older);
    };
    const all = async (tries: readonly Try[]): Promise<void> => {
      await hostile();
      for (const one of share === 'all' ? tries : tries.filter((_one, index) => index % 4 === 0)) await attempt(one);
      await installsAndGoesBack();
    };

    it('and changes bytes that were verified', async () => {
      await all(BYTES);
    });

    it('and changes the signed metadata', async () => {
      await all(METADATA);
    });

    it('and forges state, settings, trust, tokens and progress, and fills its folders', async () => {
      await all(FORGED);
    });

    it('and plants links, pipes and folders at each name', async () => {
      const found = (await device.sh(`cd ${GOOD}/cache; find . -mindepth 1 -printf '%P %y\\n'`))
        .trim()
        .split('\n')
        .map((line) => line.split(' '));
      const names = (type: string): string[] => found.flatMap(([path = '', is]) => (is === type ? [path] : []));
      const isRead = (path: string): boolean => /^(?:1\.1\.0|trust)(?:\/|$)/.test(path) && !/root\.json$|\.tar\.gz$/.test(path);
      const [files, folders] = [names('f'), names('d')].map((all) => all.filter(isRead).map((path) => `${CACHE}/${path}`));
      const rest = [...names('f'), 'source'].filter((path) => !isRead(path)).map((path) => `${CACHE}/${path}`);
      const shown = [`${STATE}/state.json`, `${STATE}/timings.json`, `${RUN}/run.json`, `${RUN}/progress.json`, `${RUN}/begun`];
      await all([
        ...plants(files ?? [], ['a link to a file of root', 'a pipe']),
        ...plants(folders ?? [], ['a link to a folder of root', 'a pipe']),
        ...plantsAtOnce([...rest, ...shown], ['a link to a file of root', 'a link to a folder of root', 'a pipe', 'a folder']),
      ]);
    });

    it('and exchanges bytes while they are applied, and while the release is on trial', async () => {
      const inside = insideCheck(device);
      for (let round = 0; round < 3; round += 1) {
        count += 1;
        await device.sh(`${RESTORE}; ${listingKept('before')}`);
        await inside.begin(EXCHANGE);
        await device.sh(`systemctl start --job-mode=ignore-dependencies ${APPLY} || true`);
        await inside.end();
        if ((await device.version()) === newer.version) {
          await device.expectExactly(newer);
          expect(await device.start(ROLLBACK)).toMatchObject({ exitCode: 0 });
        }
        await device.expectExactly(older);
        expect(strangers(parseChanges(await device.sh(listingCompared('before'))), AFTERWARDS)).toEqual([]);
      }
      count += 1;
      await device.sh(`${RESTORE}; ${listingKept('before')}`);
      await device.hold();
      const after = await device.cursor();
      await device.systemctl('start', '--no-block', APPLY);
      await device.waitForJournal(['-t', 'pikit-update-apply'], ({ MESSAGE = '' }) => /^restarted /.test(MESSAGE), { after, timeoutMs: PATIENCE_MS });
      await inside.run(`${BYTES.map(({ script }) => script).join('; ')}; ${METADATA.map(({ script }) => script).join('; ')}; rm -rf ${CACHE}/*`);
      await device.letGo();
      await device.waitForUnit(APPLY, ({ ActiveState }) => ActiveState === 'inactive' || ActiveState === 'failed', PATIENCE_MS);
      await device.expectExactly(newer);
      expect(await device.start(ROLLBACK)).toMatchObject({ exitCode: 0 });
      await device.expectExactly(older);
      expect(strangers(parseChanges(await device.sh(listingCompared('before'))), AFTERWARDS)).toEqual([]);
    });

    it('and the real check verifies all of it anew', async () => {
      expect(await device.start(CHECK)).toMatchObject({ exitCode: 0 });
      await installsAndGoesBack();
    });
  });
}
