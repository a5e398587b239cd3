/** The relay of progress: what of a child's words reaches systemd. A real socket, and the program as the units run it. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { temporary } from '../helpers/device.ts';

const PROGRAM = 'units/notify-exec.pl';
/** Node has no sockets of this kind. */
const LISTEN = `use Socket; $| = 1; socket(my $s, AF_UNIX, SOCK_DGRAM, 0); bind($s, pack_sockaddr_un($ARGV[0])) or die; print "ready\\n";
while (defined recv($s, my $m, 4096, 0)) { $m =~ s/\\n/|/g; print "$m\\n" }`;

interface Heard {
  /** What came to the socket, newlines as `|`. */
  heard: string[];
  code: number | null;
  signal: NodeJS.Signals | null;
  out: string;
}

async function relayed(script: string, options: { signal?: NodeJS.Signals } = {}): Promise<Heard> {
  const path = join(temporary(), 'notify');
  const listener = spawn('perl', ['-e', LISTEN, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void listener.kill('SIGKILL'));
  const heard: string[] = [];
  const lines = createInterface({ input: listener.stdout });
  await once(lines, 'line');
  lines.on('line', (line) => heard.push(line));
  const child = spawn('perl', [PROGRAM, '--relay', '/bin/sh', '-c', script], {
    env: { PATH: process.env['PATH'] ?? '', NOTIFY_SOCKET: path },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    if (options.signal !== undefined && text.includes('there')) child.kill(options.signal);
  });
  await once(child, 'close');
  const { exitCode: code, signalCode: signal } = child;
  // What was sent before is received before this.
  spawnSync('perl', ['-e', 'use Socket; socket(my $s, AF_UNIX, SOCK_DGRAM, 0); send($s, "end", 0, pack_sockaddr_un($ARGV[0]))', path]);
  while (heard.at(-1) !== 'end') await once(lines, 'line');
  return { heard: heard.slice(0, -1), code, signal, out };
}

it('passes on the text of the status, and nothing else', async () => {
  const say = (text: string): string => `printf '${text}' >&$PIKIT_NOTIFY_FD; sleep 0.4; `;
  const { heard, code } = await relayed(
    say('STATUS=one\\n') + say('EXTEND_TIMEOUT_USEC=99999999\\nMAINPID=1\\nWATCHDOG=trigger\\nSTOPPING=1\\n') +
      say('STATUS=a\\033[2J\\nSTATUS=\\302\\205\\n') + say(`STATUS=${'x'.repeat(300)}\\n`) + say('STATUS=two\\nEXTEND_TIMEOUT_USEC=9\\n') + 'exit 3',
  ); // prettier-ignore
  expect([heard, code]).toEqual([['STATUS=one|', 'STATUS=two|'], 3]);
});

it('passes on four a second at most, whatever the child sends', async () => {
  const { heard } = await relayed('i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo "STATUS=$i" >&$PIKIT_NOTIFY_FD; done 2>/dev/null; sleep 0.3');
  expect(heard.length).toBeGreaterThan(0);
  expect(heard.length).toBeLessThan(20);
});

it('gives the child no socket, and ends as it ends', async () => {
  expect(await relayed('echo "${NOTIFY_SOCKET-none}"; exit 143')).toMatchObject({ out: 'none\n', code: 143 });
  expect(await relayed('kill -KILL $$')).toMatchObject({ signal: 'SIGKILL' });
});

it('outlives SIGTERM until its child has ended', async () => {
  const { out, code } = await relayed('echo there; sleep 0.5; echo done; exit 7', { signal: 'SIGTERM' });
  expect([out, code]).toEqual(['there\ndone\n', 7]);
});

it('runs the command without a socket, and with words where no command is', () => {
  const run = (...args: string[]) => spawnSync('perl', [PROGRAM, ...args], { encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '' } });
  expect(run('--relay', '/bin/echo', 'hello')).toMatchObject({ status: 0, stdout: 'hello\n', stderr: '' });
  expect(run('--relay', '/nowhere').stderr).toContain("cannot run '/nowhere'");
  expect(run('--relay').stderr).toContain('usage: notify-exec [--relay] COMMAND');
});

it.skipIf(process.getuid?.() !== 0)('cannot be reached by another process of its user (needs root)', () => {
  const look = 'head -c 1 /proc/$PPID/mem; ls /proc/$PPID/fd';
  const { stdout, stderr } = spawnSync('setpriv', ['--reuid=65534', '--clear-groups', 'perl', PROGRAM, '--relay', '/bin/sh', '-c', look], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '' },
  });
  expect(stdout).toBe('');
  expect(stderr.match(/Permission denied/g)).toHaveLength(2);
});
