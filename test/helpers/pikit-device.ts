/** A device with Pi-Kit on it, and the verbs in which its stories are told. */
import { expect } from 'vitest';
import type { Device } from './container.ts';
import type { Built, Site } from './release-builder.ts';

export interface PikitDevice extends Device {
  /** Puts the site as it is now on the device's web server. */
  serve: (site: Pick<Site, 'dir'>) => Promise<void>;
  configure: (settings?: { url?: string; health?: readonly string[]; timeout?: string; settle?: string }) => Promise<void>;
  settings: (settings: Record<string, unknown>) => Promise<void>;
  state: () => Promise<Record<string, unknown>>;
  /** The managed tree is exactly this release, with root's ownership; nothing of ours is left over; version and lists agree. */
  expectExactly: (release: Built) => Promise<void>;
  version: () => Promise<string>;
  /** Starts a unit and waits; its exit status, and what it wrote since. */
  start: (unit: string) => Promise<{ exitCode: number; lines: string[] }>;
  /** Makes the timer elapse now. */
  fireTimer: () => Promise<void>;
  /** Lines of our units since a cursor. */
  linesSince: (cursor: string) => Promise<string[]>;
  /** As if no version had ever failed here. */
  forgetHeld: () => Promise<void>;
  hold: () => Promise<void>;
  letGo: () => Promise<void>;
}

const PLAIN_URL = 'http://127.0.0.1:8090';
export const SLOW_URL = 'http://127.0.0.1:8092';
const READY = 'http://127.0.0.1:8091/ready';

const OURS = /^pikit-update-(check|fetch|apply|rollback|recover|auto|gate|api)$/;
/** Files of the owner, and one that was there before the first release. */
const NOT_MANAGED = new Set(['/usr/local/bin/foreign.sh', '/var/www/pikit-web/foreign.txt', '/var/www/pikit-web/assets/app-1.0.0.css']);

/** Everything that one look has to see: types, modes and owners; bytes; leftovers; version; state. */
const LOOK = [
  "find /var/www/pikit-web /usr/local/bin -mindepth 1 ! -type d -printf '%p %m %U:%G %y\\n'",
  'find /var/www/pikit-web /usr/local/bin -type f -exec sha256sum {} +',
  'find / -xdev -name ".pikit-*" 2>/dev/null; ls /var/lib/pikit | grep -E "journal|next|tmp" || true',
  'cat /etc/pikit/version',
  'cat /var/lib/pikit-update/state.json',
].join('; echo ==; ');

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

export function pikitDevice(device: Device): PikitDevice {
  const self: PikitDevice = {
    ...device,
    serve: async (site) => {
      await device.sh('rm -rf /srv/releases/*');
      await device.copyDir(site.dir, '/srv/releases');
      await device.sh('chmod -R a+rX /srv/releases');
    },
    configure: async ({ url = PLAIN_URL, health = ['http://127.0.0.1/', READY], timeout = '20s', settle = '700ms' } = {}) => {
      const list = health.map((address) => `"${address}"`).join(', ');
      await device.writeFile(
        '/etc/pikit/update.toml',
        `[source]\ntype = "static"\nurl = "${url}"\n[health]\nhttp = [${list}]\ntimeout = "${timeout}"\nsettle = "${settle}"\n`,
      );
    },
    settings: async (settings) => {
      await device.writeFile('/var/lib/pikit-update/settings.json', JSON.stringify(settings));
    },
    state: async () => {
      const value: unknown = JSON.parse(await device.readFile('/var/lib/pikit-update/state.json'));
      return Object.fromEntries(Object.entries(value ?? {}));
    },
    version: async () => (await device.readFile('/etc/pikit/version')).trim(),
    expectExactly: async (release) => {
      const found = await device.sh(LOOK);
      const [listing = '', sums = '', leftovers = '', version = '', state = ''] = found.split('==\n');
      const hashes = new Map(lines(sums).map((line) => [line.slice(66), line.slice(0, 64)]));
      const actual = lines(listing)
        .map((line) => line.split(' '))
        .filter(([path]) => !NOT_MANAGED.has(path ?? ''))
        .map(([path = '', ...facts]) => `${path} ${hashes.get(path) ?? ''} ${facts.join(' ')}`);
      const wanted = [...release.expected].map(([path, facts]) => `${path} ${facts} 0:0 f`);
      expect(actual.sort()).toEqual(wanted.sort());
      expect(version.trim()).toBe(release.version);
      expect(lines(leftovers)).toEqual([]);
      expect(JSON.parse(state)).toMatchObject({ current: release.version });
    },
    start: async (unit) => {
      const after = await device.cursor();
      const result = await device.systemctl('start', unit);
      return { exitCode: result.exitCode, lines: await self.linesSince(after) };
    },
    // Named to come last: the owner's own time, in time.conf, begins by taking all others back.
    fireTimer: async () => {
      await device.writeFile(
        '/run/systemd/system/pikit-update.timer.d/zz-now.conf',
        '[Timer]\nOnActiveSec=0\nRandomizedDelaySec=0\nAccuracySec=1ms\n',
      );
      await device.sh(
        'systemctl daemon-reload; systemctl restart pikit-update.timer; rm -r /run/systemd/system/pikit-update.timer.d; systemctl daemon-reload',
      );
    },
    // No filter on the command line: with one, journalctl 252 leaves out the first entry that fits after a cursor.
    linesSince: async (cursor) => {
      const entries = await device.journal(['--after-cursor', cursor]);
      return entries.filter((entry) => OURS.test(entry.SYSLOG_IDENTIFIER ?? '')).map((entry) => entry.MESSAGE ?? '');
    },
    forgetHeld: async () => {
      const state = { ...(await self.state()), held: [], available: null };
      await device.writeFile('/var/lib/pikit-update/state.json', JSON.stringify(state), { owner: 'pikit-update:pikit-update' });
      await device.sh('rm -f /var/lib/pikit/held.json /var/lib/pikit-update/published.json');
    },
    hold: async () => {
      await device.writeFile('/run/hold', '');
    },
    letGo: async () => {
      await device.sh('rm -f /run/hold');
    },
  };
  return self;
}
