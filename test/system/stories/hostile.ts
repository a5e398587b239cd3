/**
 * Code that runs as pikit-update inside the sandbox of check, as it would after a hole in what reads the network: it puts folders,
 * links and tokens in the way of root, writes for it, speaks to systemd and keeps the lock. All that it may come to is a delay.
 * The drop-in sets what is run, and nothing else of the unit.
 */
import { beforeAll, expect, it } from 'vitest';
import type { DeviceImage } from '../../helpers/container.ts';
import { describeOnDevice } from '../../helpers/container.ts';
import { onDevice } from '../../helpers/on-device.ts';
import type { PikitDevice } from '../../helpers/pikit-device.ts';
import type { Built } from '../../helpers/release-builder.ts';

const CHECK = 'pikit-update-check.service';
const DROP_IN = `/run/systemd/system/${CHECK}.d`;
const STATE = '/var/lib/pikit-update';
const RUN = '/run/pikit-update';
/** Everything of root's that such code must not change. */
const ROOTS = `find /etc/pikit /etc/systemd /usr/local/bin /usr/lib/pikit-update /var/www /var/lib/pikit ${RUN}/orders ${STATE}/settings.json ${STATE}/published.json -printf '%p %y %m %U %s %T@ %l\\n' | sort`;
const TOKEN = '{"run":"x","until":"rollback","by":"timer"}';

/** Each must be refused; prints one line for each that is not, and how many were tried. */
const REFUSED = [
  ...[`${STATE}/settings.json`, `${STATE}/published.json`, `${RUN}/next`, `${RUN}/granted`, `${RUN}/orders`].flatMap((path) => [
    `mv ${path} ${path}.away`,
    `rm -rf ${path}`,
    `ln -sfnT /etc ${path}`,
    `mv -fT ${STATE}/mine ${path}`,
  ]),
  ...['next/rollback', 'granted/rollback', 'granted/apply', 'wanted', 'wanted.tmp', 'settings.lock'].map(
    (name) => `echo '${TOKEN}' >${RUN}/orders/${name}`,
  ),
  `flock -n ${RUN}/orders/settings.lock true`,
  `echo x >>${STATE}/settings.json`,
  'busctl --timeout=3 call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager StartUnit ss pikit-update-rollback.service flush',
  'systemctl start pikit-update-rollback.service',
  ...['/etc', '/etc/pikit', '/etc/systemd/system', '/var/www', '/usr/local/bin', '/var/backups', '/run', '/home', '/root', '/var/lib/pikit'].map(
    (dir) => `echo x >${dir}/mine`,
  ),
  ...['/etc/shadow', '/etc/pikit/api-token', '/var/lib/pikit/installed.json', '/proc/1/environ', '/dev/sda'].map((file) => `cat ${file}`),
  ...['api.sock', 'order.sock'].map((name) => `curl -sf --max-time 3 --unix-socket /run/pikit-update-api/${name} http://localhost/api/update/status`),
  'unshare -U true',
  'kill -0 1',
  'mount -t tmpfs none /tmp',
  'journalctl -n 1 | grep -v "No journal files\\|No entries"',
];

/** What it can do, as SECURITY.md has it; prints one line for each that does not work. */
const POSSIBLE = [
  'echo x >/var/cache/pikit-update/mine && rm /var/cache/pikit-update/mine',
  `echo '{}' >${RUN}/next/apply && rm ${RUN}/next/apply`,
  'cat /etc/passwd',
  'cat "$CREDENTIALS_DIRECTORY/pikit-update-token"',
  'curl -sf http://127.0.0.1:8090/manifest.json',
  `flock -n ${RUN}.lock true`,
];

/** Folders where root writes files, and a loop of none. */
const FOLDERS = ['state.json', 'state.json.tmp', 'staged', 'staged.tmp', 'timings.json', 'published.json.tmp', 'settings.json.tmp'];

/** Speaks to systemd by its socket and by systemd-notify, for longer than it may run; writes down how many messages have left. */
const EXTENDING = `use strict; use Socket; open STDERR, '>', '/dev/null';
my $given = $ENV{NOTIFY_SOCKET} // 'no socket given';
$ENV{NOTIFY_SOCKET} = '/run/systemd/notify';
my @messages = ('STATUS=hello', 'EXTEND_TIMEOUT_USEC=99999999999', 'MAINPID=1', 'WATCHDOG=trigger', 'RELOADING=1', 'STOPPING=1', 'FDSTORE=1');
my $sent = 0;
$SIG{TERM} = 'IGNORE';
for my $round (1 .. 600) {
  for my $message (@messages) {
    socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die;
    $sent++ if connect($socket, pack_sockaddr_un($ENV{NOTIFY_SOCKET})) && defined send($socket, "$message\\n", 0);
    $sent++ if $round % 10 == 1 && system('systemd-notify', '--no-block', $message) == 0;
  }
  open(my $file, '>', '${STATE}/mine.new') or die; print $file "$given\\n$sent\\n"; close $file;
  rename '${STATE}/mine.new', '${STATE}/mine';
  select undef, undef, undef, 0.1;
}
`;

export function tellHostile(image: DeviceImage): void {
  describeOnDevice(image, `code inside the sandbox of check on ${image}`, () => {
    let device: PikitDevice;
    let older: Built;
    let newer: Built;

    beforeAll(async () => {
      const stage = await onDevice(image, { timeout: '2min', settle: '50ms' });
      ({ device } = stage);
      older = await stage.install({ version: '1.0.0', web: '5.17.14' });
      newer = await stage.publish({ version: '1.1.0', web: '5.18.2' });
      return stage.end;
    });

    /** Lets the unit of check run a script in the place of its program. */
    const put = async (script: string, how = '/bin/bash', more: readonly string[] = []): Promise<void> => {
      await device.writeFile('/srv/hostile.sh', script);
      const lines = ['[Service]', 'ExecStart=', `ExecStart=${how} /srv/hostile.sh`, ...more];
      await device.writeFile(`${DROP_IN}/hostile.conf`, `${lines.join('\n')}\n`);
      await device.sh('systemctl daemon-reload; systemctl reset-failed');
    };
    const takeAway = async (): Promise<void> => {
      await device.sh(`rm -r ${DROP_IN}; systemctl daemon-reload; systemctl reset-failed`);
    };
    /** Runs it to its end; what it wrote down. */
    const runHostile = async (script: string): Promise<string> => {
      await put(`exec >${STATE}/mine.out 2>/dev/null\n${script}\n`);
      await device.systemctl('start', CHECK);
      await takeAway();
      const out = await device.readFile(`${STATE}/mine.out`);
      await device.sh(`rm -rf ${STATE}/mine*`);
      return out;
    };
    const journal = async (): Promise<string> => (await device.exec('ls /var/lib/pikit/journal.json')).stdout;

    it('finds folders, settings and orders of root closed, and no bus', async () => {
      const before = await device.sh(ROOTS);
      const tries = REFUSED.map(
        (command) => `echo x >${STATE}/mine; if { ${command}; } >/dev/null; then echo ${JSON.stringify(`done: ${command}`)}; fi; n=$((n+1))`,
      );
      const possible = POSSIBLE.map((command) => `if ! { ${command}; } >/dev/null; then echo ${JSON.stringify(`not possible: ${command}`)}; fi`);
      const out = await runHostile(`n=0\n${[...tries, ...possible].join('\n')}\nid -un\necho "$n tried"`);
      console.log(
        `hostile on ${image}: ${String(REFUSED.length)} commands, ${String(out.split('\n').filter((line) => line.startsWith('done')).length)} worked`,
      );
      expect(out).toBe(`pikit-update\n${String(REFUSED.length)} tried\n`);
      expect(await device.sh(ROOTS)).toBe(before);
    });

    it("cannot decide about the owner's rollback by tokens, nor keep a transaction open by folders", async () => {
      const wedge = FOLDERS.map((name) => `rm -f ${STATE}/${name}; mkdir -p ${STATE}/${name}`).join('\n');
      const tokens = ['next', 'granted'].map((dir) => `echo '${TOKEN}' >${RUN}/${dir}/rollback; mkdir ${RUN}/${dir}/apply`).join('\n');
      expect(await device.start('pikit-update-fetch.service')).toMatchObject({ exitCode: 0 });
      await runHostile(`${wedge.replace(/^.*staged;.*$/m, '')}\n${tokens}`);
      expect(await device.start('pikit-update-apply.service')).toMatchObject({ exitCode: 0 });
      expect(await journal()).toBe('');
      await device.expectExactly(newer);
      await runHostile(`${wedge}\n${tokens}`);
      const { exitCode, lines } = await device.start('pikit-update-rollback.service');
      expect(exitCode).toBe(0);
      expect(lines.join('\n')).not.toContain('/proc/');
      expect(await journal()).toBe('');
      await device.expectExactly(older);
      await device.sh(`rm -rf ${STATE}/*.damaged* ${RUN}/*/*.damaged*`);
    });

    it.each([
      ['in its sandbox', [], false],
      // NotifyAccess= holds by itself.
      ['with the socket of systemd in reach', ['InaccessiblePaths=', 'InaccessiblePaths=-/run/dbus -/run/systemd/private'], true],
    ])('cannot hold the time limits of its unit, nor give it a text: %s', async (_how, more, isHeard) => {
      await put(EXTENDING, '/usr/bin/perl', ['TimeoutStartSec=6s', 'TimeoutStopSec=4s', ...more]);
      const began = performance.now();
      const done = device.systemctl('start', CHECK);
      await device.sh(`until test -s ${STATE}/mine; do sleep 0.1; done`);
      const shown = (): Promise<string> => device.sh(`echo "[$(systemctl show -P StatusText ${CHECK})] $(systemctl show -P MainPID ${CHECK})"`);
      expect(await shown()).toMatch(/^\[\] (?!1\n)\d{2,}\n$/);
      await done;
      const seconds = (performance.now() - began) / 1000;
      const [given, sent = ''] = (await device.readFile(`${STATE}/mine`)).split('\n');
      console.log(`hostile on ${image}: a limit of 6 s ended after ${seconds.toFixed(1)} s; messages that left: ${sent}`);
      expect(given).toBe('no socket given');
      expect(Number(sent) > 0).toBe(isHeard);
      expect(seconds).toBeLessThan(12);
      expect((await device.sh(`systemctl show -P Result ${CHECK}`)).trim()).toBe('timeout');
      expect(await shown()).toBe('[] 0\n');
      await takeAway();
      await device.sh(`rm -f ${STATE}/mine ${STATE}/mine.new`);
    });

    it('cannot keep the lock from the owner who goes back', async () => {
      expect(await device.start('pikit-update-apply.service')).toMatchObject({ exitCode: 0 });
      await put(`trap '' TERM; exec 9<${RUN}.lock; flock 9; echo >${STATE}/mine; while :; do sleep 1; done`, '/bin/bash');
      const done = device.systemctl('start', '--no-block', CHECK);
      await device.sh(`until test -e ${STATE}/mine; do sleep 0.1; done`);
      await done;
      const began = performance.now();
      const { exitCode, stdout } = await device.exec('pikit-update rollback');
      const seconds = (performance.now() - began) / 1000;
      console.log(`hostile on ${image}: rollback got past a held lock after ${seconds.toFixed(1)} s`);
      expect(exitCode, stdout).toBe(0);
      expect(seconds).toBeLessThan(45);
      await takeAway();
      await device.expectExactly(older);
      const said = await device.sh('journalctl -b -t pikit-update-rollback -o cat');
      expect(said).toMatch(/the lock is held by pikit-update-check\.service, process \d+/);
    });

    it('cannot keep the lock from the owner by a process of another user that it hands it to', async () => {
      await device.start('pikit-update-apply.service');
      await device.expectExactly(newer);
      const accomplice = `import array, socket, time
s = socket.socket(socket.AF_UNIX); s.bind('\\0pikit-accomplice'); s.listen(); print('ready', flush=True)
kept = s.accept()[0].recvmsg(1, socket.CMSG_SPACE(4)); print('kept', flush=True)
while True: time.sleep(1000)
`;
      const handOver = `import array, fcntl, os, socket
lock = os.open('${RUN}.lock', os.O_RDONLY); fcntl.flock(lock, fcntl.LOCK_EX)
s = socket.socket(socket.AF_UNIX); s.connect('\\0pikit-accomplice')
s.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [lock]))])
`;
      await device.writeFile('/srv/accomplice.py', accomplice);
      const after = await device.cursor();
      const says = (word: string): Promise<unknown> =>
        device.waitForJournal(['--unit', 'accomplice'], ({ MESSAGE }) => MESSAGE === word, { after, timeoutMs: 60_000 });
      await device.sh('systemd-run --quiet --unit=accomplice --uid=nobody /usr/bin/python3 /srv/accomplice.py');
      await says('ready');
      await put(handOver, '/usr/bin/python3');
      await device.systemctl('start', CHECK);
      await says('kept');
      await takeAway();
      expect((await device.exec(`flock -n ${RUN}.lock true`)).exitCode).toBe(1);
      const began = performance.now();
      const { exitCode, stdout } = await device.exec('pikit-update rollback');
      console.log(`hostile on ${image}: rollback got past a lock that was handed away after ${((performance.now() - began) / 1000).toFixed(1)} s`);
      expect(exitCode, stdout).toBe(0);
      await device.expectExactly(older);
      expect(await device.sh('journalctl -b -t pikit-update-rollback -o cat')).toContain(
        'is locked by a process that is neither check nor fetch; continuing without this lock',
      );
      await device.sh('systemctl stop accomplice');
    });

    it.each([
      [
        'a folder of tokens',
        `mkdir -p ${RUN}/orders/next ${RUN}/orders/granted; echo '${TOKEN}' | tee ${RUN}/orders/next/rollback >${RUN}/orders/granted/rollback`,
      ],
      ['a link', `ln -s /etc ${RUN}/orders`],
    ])('cannot leave orders in the layout before this one: %s', async (_what, plant) => {
      await device.start('pikit-update-apply.service');
      await device.expectExactly(newer);
      await device.sh(`rm -rf ${RUN}/orders; chown pikit-update ${RUN}; chmod 755 ${RUN}`);
      await device.sh(plant, { user: 'pikit-update' });
      await device.sh('/var/lib/dpkg/info/pikit-update.postinst configure 0.1.0');
      expect(
        await device.sh(`find ${RUN} ${RUN}/orders -maxdepth 0 -printf '%u %m %y\\n'; find ${RUN}/orders -mindepth 1 -printf '%P %u %m\\n' | sort`),
      ).toBe('root 1775 d\nroot 755 d\nasked pikit-update 755\ngranted root 755\nnext root 755\nsettings.lock root 640\n');
      expect(await device.start('pikit-update-rollback.service')).toMatchObject({ exitCode: 0 });
      await device.expectExactly(older);
    });

    it('and the real check works, without a word to systemd', async () => {
      expect(await device.start(CHECK)).toMatchObject({ exitCode: 0 });
      expect((await device.sh(`systemctl show -P StatusText ${CHECK}`)).trim()).toBe('');
      await device.restartHard();
      expect((await device.exec('pikit-update status')).exitCode).toBe(0);
    });
  });
}
