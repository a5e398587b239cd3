/** What gives a step its sockets to systemd. A real socket, and the program as the units run it. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporary } from '../helpers/device.ts';

const PROGRAM = 'units/notify-exec.pl';
/** Node has no sockets of this kind. */
const LISTEN = `use Socket; $| = 1; socket(my $s, AF_UNIX, SOCK_DGRAM, 0);
bind($s, pack_sockaddr_un($ARGV[0] =~ s/^\\@/\\0/r)) or die; print "ready\\n";
while (defined recv($s, my $m, 4096, 0)) { $m =~ s/\\n/|/g; print "$m\\n" }`;

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return spawnSync('perl', [PROGRAM, ...args], { encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '', ...env } });
}

/** What comes to a socket, message by message, newlines as `|`. */
async function listen(path: string, program = LISTEN): Promise<AsyncIterator<string>> {
  const listener = spawn('perl', ['-e', program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void listener.kill('SIGKILL'));
  const lines = createInterface({ input: listener.stdout })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe('ready');
  return lines;
}

it.each([
  ['in the file system', () => join(temporary(), 'notify')],
  ['in the abstract namespace', () => `@pikit-notify-exec-test-${String(process.pid)}`],
])('hands over a socket %s, each write to which is a message, and takes the place of the command', async (_where, place) => {
  const path = place();
  const lines = await listen(path);
  const child = spawn('perl', [PROGRAM, '/bin/sh', '-c', 'echo "STATUS=$$ ${NOTIFY_SOCKET-unset}" >&$PIKIT_NOTIFY_FD; echo STATUS=two >&$PIKIT_NOTIFY_FD; exit 3'], {
    env: { PATH: process.env['PATH'] ?? '', NOTIFY_SOCKET: path, PIKIT_NOTIFY_FD: '77' },
    stdio: 'inherit',
  }); // prettier-ignore
  await once(child, 'close');
  expect([child.exitCode, (await lines.next()).value, (await lines.next()).value]).toEqual([3, `STATUS=${String(child.pid)} unset|`, 'STATUS=two|']);
});

it('runs the command without a socket, and where no socket listens', () => {
  const tell = ['/bin/sh', '-c', 'echo "fd ${PIKIT_NOTIFY_FD-none}"'];
  expect(run(tell, { PIKIT_NOTIFY_FD: '77' })).toMatchObject({ status: 0, stdout: 'fd none\n', stderr: '' });
  expect(run(tell, { NOTIFY_SOCKET: '' })).toMatchObject({ status: 0, stdout: 'fd none\n', stderr: '' });
  const deaf = run(tell, { NOTIFY_SOCKET: '/nowhere/notify' });
  expect(deaf).toMatchObject({ status: 0, stdout: 'fd none\n' });
  expect(deaf.stderr).toBe("no connection to '/nowhere/notify': No such file or directory, ignoring\n");
});

describe('the journal', () => {
  it('takes an entry a write', async () => {
    const path = join(temporary(), 'journal');
    const entries = await listen(path);
    const script = "printf 'PRIORITY=6\nMESSAGE=one\n' >&$PIKIT_JOURNAL_FD; printf 'MESSAGE=two\n' >&$PIKIT_JOURNAL_FD";
    expect(run(['/bin/sh', '-c', script], { JOURNAL_STREAM: '1:1', PIKIT_JOURNAL_SOCKET: path })).toMatchObject({ status: 0, stderr: '' });
    expect([(await entries.next()).value, (await entries.next()).value]).toEqual(['PRIORITY=6|MESSAGE=one|', 'MESSAGE=two|']);
  });

  it('is not there where the output does not go to it, nor where no socket listens', () => {
    const tell = ['/bin/sh', '-c', 'echo "fd ${PIKIT_JOURNAL_FD-none}"'];
    expect(run(tell, { PIKIT_JOURNAL_FD: '77' })).toMatchObject({ status: 0, stdout: 'fd none\n', stderr: '' });
    const deaf = run(tell, { JOURNAL_STREAM: '1:1', PIKIT_JOURNAL_SOCKET: '/nowhere/journal' });
    expect(deaf).toMatchObject({ status: 0, stdout: 'fd none\n' });
    expect(deaf.stderr).toBe("no connection to '/nowhere/journal': No such file or directory, ignoring\n");
  });

  it('that stands still lets the command write lines another way, without a wait', async () => {
    const path = join(temporary(), 'journal');
    await listen(path, LISTEN.replace(/while .*/s, 'sleep 1000'));
    const script = 'i=0; while [ $i -lt 600 ]; do i=$((i+1)); printf "MESSAGE=$i\n" >&$PIKIT_JOURNAL_FD || echo "$i"; done 2>/dev/null';
    const { status, stdout } = run(['/bin/sh', '-c', script], { JOURNAL_STREAM: '1:1', PIKIT_JOURNAL_SOCKET: path });
    expect([status, stdout.trim().split('\n').at(-1)]).toEqual([0, '600']);
  });
});

it('says what is wrong where no command is', () => {
  expect(run(['/nowhere']).stderr).toContain("cannot run '/nowhere'");
  expect(run([])).toMatchObject({ stderr: 'usage: notify-exec COMMAND [ARGUMENT...]\n' });
});
