/**
 * Root works while others do their worst beside it: code inside the sandbox of check puts links, pipes, folders and garbage in the
 * place of every file that it may write, and the API sends each of its orders in the middle of each step. The device is on exactly
 * one release after each round, no transaction stays open, and nothing of root's was touched.
 */
import { beforeAll, expect, it } from 'vitest';
import { EXHAUSTIVE } from '../../crash/plan.ts';
import type { DeviceImage } from '../../helpers/container.ts';
import { describeOnDevice } from '../../helpers/container.ts';
import type { InsideCheck } from '../../helpers/inside-check.ts';
import { insideCheck } from '../../helpers/inside-check.ts';
import { DISTURB } from '../../helpers/other-users.ts';
import type { PikitDevice } from '../../helpers/pikit-device.ts';
import { onDevice } from '../../helpers/on-device.ts';
import { KEEP_OPEN, LOOK, ORDERS_SENT, PIDS, backAndForth, ordersDuring, recoverAll } from './disturbed-tries.ts';
import { CLIENT } from './starter-tries.ts';

const STATE = '/var/lib/pikit-update';
const RUN = '/run/pikit-update';
const CACHE = '/var/cache/pikit-update';
const BACKS = EXHAUSTIVE ? 200 : 3;
const RECOVERIES = EXHAUSTIVE ? 200 : 16;
const MINUTE = 60_000;

/** What the user of check may write, and names of root's among it. */
const DISTURBED = [
  ...['state.json', 'state.json.tmp', 'staged.tmp', 'timings.json', 'published.json', 'published.json.tmp', 'settings.json', 'settings.json.tmp'].map(
    (name) => `${STATE}/${name}`,
  ),
  ...['progress.json', 'progress.json.tmp', 'run.json', 'run.json.tmp', 'retry', 'wanted', 'confirmed.json', 'orders', 'next', 'granted'].map(
    (name) => `${RUN}/${name}`,
  ),
  ...['fetch', 'apply', 'rollback'].flatMap((name) => ['next', 'granted', 'orders/next', 'orders/granted'].map((dir) => `${RUN}/${dir}/${name}`)),
];
/** Without these root has nothing to install: they are left alone until a transaction is open. */
const NEEDED = [
  `${STATE}/staged`,
  ...['waits.json', 'source', 'source/manifest.json', '1.1.0', '1.1.0/tree', '1.1.0/tree/pikit-web', '1.1.0/manifest.json'].map(
    (name) => `${CACHE}/${name}`,
  ),
];

export function tellDisturbed(image: DeviceImage): void {
  describeOnDevice(image, `root, with others at work beside it, on ${image}`, () => {
    let device: PikitDevice;
    let inside: InsideCheck;

    beforeAll(async () => {
      const stage = await onDevice(image, { settle: '50ms', timeout: '1min' });
      ({ device } = stage);
      inside = insideCheck(device);
      await device.writeFile('/srv/disturb.py', DISTURB);
      await device.writeFile('/srv/secrets/rollback', 'secret\n', { mode: '0600' });
      await device.writeFile('/usr/local/lib/order.py', CLIENT);
      await stage.install({ version: '1.0.0', web: '5.17.14' });
      await stage.publish({ version: '1.1.0', web: '5.18.2', extra: { 'pikit-web/new/deep.js': 'new\n' } });
      await device.sh('pikit-update auto check --time 04:20');
      expect(await device.start('pikit-update-apply.service')).toMatchObject({ exitCode: 0 });
      await device.sh(`${LOOK}\nlook >/srv/young`);
      expect(await device.start('pikit-update-rollback.service')).toMatchObject({ exitCode: 0 });
      await device.sh(`${LOOK}\nlook >/srv/old`);
      return stage.end;
    });

    /** Runs a script of root's beside the disturbance, and then says how much of it there was. */
    const disturbed = async (script: string): Promise<string> => {
      const endless = (paths: readonly string[], pid: string): string =>
        `while :; do python3 /srv/disturb.py /srv/secrets ${paths.join(' ')} & echo $! >${pid}; wait $!; done`;
      await inside.begin(`${endless(NEEDED, PIDS.needed)} >/dev/null &\n${endless(DISTURBED, PIDS.others)}`);
      const { stdout, stderr } = await device.exec(['bash', '-c', script], { timeoutMs: 60 * MINUTE });
      const disturbances = Number((await inside.end()).trim().split('\n').at(-1));
      console.log(`${image}: ${stdout.trim()}, ${String(disturbances)} disturbances`);
      expect(disturbances).toBeGreaterThan(1000);
      return `${stderr}${stdout}`;
    };

    it(`goes back ${String(BACKS)} times from what it has installed`, { timeout: 60 * MINUTE }, async () => {
      expect(await disturbed(backAndForth(BACKS))).toMatch(new RegExp(`^\\d+ applies, \\d+ refused, ${String(BACKS)} rollbacks\\n$`));
    });

    it(`undoes an update that was cut short, ${String(RECOVERIES)} times`, { timeout: 60 * MINUTE }, async () => {
      await device.sh(
        `rm -rf ${STATE}/state.json* ${STATE}/staged* ${CACHE}/* ${RUN}/{next,granted}/*; systemctl reset-failed pikit-update-{check,fetch,apply}.service`,
      );
      await device.hold();
      const after = await device.cursor();
      await device.systemctl('start', '--no-block', 'pikit-update-apply.service');
      await device.waitForJournal(['-t', 'pikit-update-apply'], (entry) => /^restarted /.test(entry.MESSAGE ?? ''), { after, timeoutMs: MINUTE });
      await device.sh(
        `systemctl kill --signal=STOP pikit-update-apply.service; ${KEEP_OPEN}; systemctl kill --signal=CONT pikit-update-apply.service`,
      );
      await device.systemctl('stop', 'pikit-update-apply.service');
      await device.letGo();
      const rounds = String(RECOVERIES);
      expect(await disturbed(recoverAll(RECOVERIES))).toBe(`${rounds} of ${rounds} undone\n`);
    });

    it.each(['check', 'fetch', 'apply', 'rollback'] as const)('takes every order of the API in the middle of %s', async (step) => {
      await device.letGo();
      await device.sh(
        `rm -rf /var/lib/pikit/held.json ${STATE}/state.json* ${STATE}/staged* ${RUN}/*.damaged* ${RUN}/*/*.damaged* ${CACHE}/*; systemctl start pikit-update-order.socket`,
      );
      const { stdout, stderr } = await device.exec(['timeout', '300', 'bash', '-c', ordersDuring(step)], { timeoutMs: 6 * MINUTE });
      expect(`${stderr}${stdout}`).toBe(`${String(ORDERS_SENT)} answered\n`);
    });
  });
}
