import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Device, describeOnDevice, startDevice } from '../helpers/container.ts';

const expectations = [
  { image: 'trixie', systemd: /^systemd 257 /, node: /^v20\./ },
  { image: 'bookworm', systemd: /^systemd 252 /, node: new RegExp(`^${process.version}$`, 'm') },
] as const;

/** Older D-Bus says so where the host allows fewer open files than it would like. */
const limitOfHost = /Failed to set fd limit to \d+: Operation not permitted$/;

for (const { image, systemd, node } of expectations) {
  describeOnDevice(image, `a device on ${image}`, () => {
    let device: Device;

    beforeAll(async () => {
      const began = performance.now();
      device = await startDevice({ image });
      console.log(`${image}: started in ${(performance.now() - began).toFixed(0)} ms; ${(await device.exec('systemd-analyze time')).stdout.trim()}`);
    });

    afterAll(async () => {
      await device.stop();
    });

    it('boots to running, with nothing failed and nothing to complain about', async () => {
      expect(await device.booted()).toBe('running');
      expect(await device.sh('systemctl list-units --failed --no-legend --plain')).toBe('');
      const warnings = await device.journal(['--priority=warning']);
      expect(warnings.map((entry) => entry.MESSAGE ?? '').filter((message) => !limitOfHost.test(message))).toEqual([]);
    });

    it('has the systemd and the Node it is there for, and our package', async () => {
      expect(await device.sh('systemctl --version')).toMatch(systemd);
      expect(await device.sh('node --version')).toMatch(node);
      expect(await device.sh("dpkg-query --show --showformat='${Status}' pikit-update")).toBe('install ok installed');
    });

    it('serves the dashboard, its API and the release site', async () => {
      await device.writeFile('/srv/releases/branches.json', '[]\n');
      expect(await device.sh('curl --fail --silent --show-error http://127.0.0.1/')).toContain('<title>Pi-Kit 1.0.0</title>');
      await device.waitForUnit('pikit-api.service', (unit) => unit.ActiveState === 'active', 120_000);
      expect(await device.sh('curl --fail --silent --retry 5 --retry-all-errors http://127.0.0.1/api/version')).toContain('"version": "1.0.0"');
      expect(await device.sh('curl --fail --silent --retry 5 --retry-all-errors http://127.0.0.1:5252/')).toContain('DietPi-Dashboard');
      expect(await device.sh('curl --fail --silent http://127.0.0.1:8090/branches.json')).toBe('[]\n');
    });

    it('answers on D-Bus', async () => {
      const names = await device.sh('busctl list --no-legend --acquired');
      expect(names).toContain('org.freedesktop.systemd1');
    });

    it('runs a chain of oneshot units by OnSuccess', async () => {
      await device.writeFile('/etc/systemd/system/bed-first.service', oneshot('OnSuccess=bed-second.service', 'echo first >> /var/tmp/chain'));
      await device.writeFile('/etc/systemd/system/bed-second.service', oneshot('', 'echo second >> /var/tmp/chain'));
      await device.sh('systemctl daemon-reload');
      const after = await device.cursor();
      const began = performance.now();
      const second = device.waitForJournal(['--unit=bed-second.service'], (entry) => entry.JOB_RESULT === 'done', { after, timeoutMs: 120_000 });
      await device.sh('systemctl start bed-first.service');
      await second;
      console.log(`${image}: chain of two oneshot units in ${(performance.now() - began).toFixed(0)} ms`);
      expect(await device.readFile('/var/tmp/chain')).toBe('first\nsecond\n');
      expect((await device.unit('bed-second.service')).Result).toBe('success');
    });

    it('keeps output apart, passes user, environment and exit code', async () => {
      const result = await device.exec('echo "$GREETING $(id -un)"; echo oops >&2; exit 3', { user: 'www-data', env: { GREETING: 'hello' } });
      expect(result).toEqual({ exitCode: 3, stdout: 'hello www-data\n', stderr: 'oops\n' });
      await expect(device.sh('echo said; false')).rejects.toThrow(/exit status 1\nsaid/);
    });

    it('sees a unit change while it waits, and gives up at the deadline', async () => {
      await device.writeFile('/etc/systemd/system/bed-wait.service', oneshot('', 'cat /run/bed-gate'));
      await device.sh('systemctl daemon-reload && mkfifo /run/bed-gate && systemctl start --no-block bed-wait.service');
      const activating = await device.waitForUnit('bed-wait.service', (unit) => unit.SubState === 'start', 120_000);
      expect(activating.ActiveState).toBe('activating');
      const done = device.waitForUnit('bed-wait.service', (unit) => unit.ActiveState === 'inactive', 120_000);
      await device.sh('echo open > /run/bed-gate');
      expect((await done).ExecMainStatus).toBe('0');
      await expect(device.waitForUnit('bed-wait.service', (unit) => unit.ActiveState === 'failed', 500)).rejects.toThrow(/within 500 ms/);
    });

    it('keeps its files, and starts again, over a power cut', async () => {
      await device.writeFile('/var/lib/bed/kept', 'precious\n', { mode: '0600', owner: 'www-data' });
      await device.writeFile('/run/lost', 'gone\n');
      const id = await device.readFile('/etc/machine-id');
      const began = performance.now();
      expect(await device.restartHard()).toBe('running');
      console.log(`${image}: up again ${(performance.now() - began).toFixed(0)} ms after a power cut`);
      expect(await device.readFile('/var/lib/bed/kept')).toBe('precious\n');
      expect(await device.sh('stat --format="%a %U:%G" /var/lib/bed/kept')).toBe('600 www-data:www-data\n');
      expect((await device.exec(['test', '-e', '/run/lost'])).exitCode).toBe(1);
      expect(await device.readFile('/etc/machine-id')).toBe(id);
      expect(await device.sh('systemctl list-units --failed --no-legend --plain')).toBe('');
      expect(await device.journal(['--unit=bed-second.service'])).not.toEqual([]);
    });
  });
}

function oneshot(extra: string, command: string): string {
  return `[Unit]\n${extra}\n[Service]\nType=oneshot\nExecStart=/bin/sh -c '${command}'\n`;
}
