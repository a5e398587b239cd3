/** What is tried in hostile-attacks.ts, as scripts for a device. */

const STATE = '/var/lib/pikit-update';
const RUN = '/run/pikit-update';
export const CACHE = '/var/cache/pikit-update';

const busName = (name: string): string =>
  `busctl --system --timeout=3 call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus RequestName su ${name} 4`;

/** Must come to nothing for every user but root. */
const ANYBODY: readonly string[] = [
  ...['org.freedesktop.systemd1', 'org.freedesktop.PolicyKit1', 'org.freedesktop.login1', 'org.pikit.Update'].map(busName),
  ...['/etc/shadow', '/etc/pikit/api-token', '/var/lib/pikit/history.jsonl'].map((file) => `cat ${file}`),
  ...['/var/lib/pikit', '/var/backups/pikit'].map((dir) => `ls ${dir}`),
  ...['orders/next/rollback', 'orders/granted/rollback', 'orders/granted/apply', 'orders/retry', 'orders/wanted'].map(
    (name) => `echo x >${RUN}/${name}`,
  ),
  `mv ${RUN} ${RUN}.away`,
  `rm -f ${RUN}.lock`,
  `ln -sfT /dev/null ${RUN}.lock`,
  `echo x >>${STATE}/published.json`,
  'ln /etc/shadow /tmp/mine-1',
  'ln /etc/pikit/update.toml /tmp/mine-2',
  'ln /var/www/pikit-web/index.html /tmp/mine-3',
  'kill -0 1',
  'kill "$(systemctl show -P MainPID nginx.service)"',
  'systemctl start pikit-update-apply.service',
  'systemctl stop pikit-update-check.service',
];

/** The token of the API, which its own user has. */
const NOT_THE_API: readonly string[] = [
  'cat /run/credentials/pikit-update-api.service/pikit-api-token',
  'ls /run/credentials/pikit-update-api.service',
];

/** What the user of the network steps may write. */
const STRANGERS: readonly string[] = [
  ...['next/apply', 'next/fetch', 'granted/fetch', 'progress.json', 'run.json'].map((name) => `echo x >${RUN}/${name}`),
  ...['state.json', 'staged', 'mine'].map((name) => `echo x >${STATE}/${name}`),
  `echo x >${CACHE}/mine`,
  `flock -n ${RUN}.lock true`,
  `flock -ns ${RUN}.lock true`,
];

/** From inside the sandbox of check. */
export const SANDBOXED: readonly string[] = [
  ...[
    '/run/lock/mine',
    '/run/systemd/mine',
    '/run/credentials/mine',
    '/var/lib/mine',
    '/srv/mine',
    '/sys/fs/cgroup/mine',
    '/proc/sys/kernel/hostname',
  ].map((path) => `echo x >${path}`),
  ...['/var/lib/pikit', '/var/backups/pikit', '/home', '/root', '/run/credentials/pikit-update-api.service'].map((dir) => `ls ${dir}/`),
  `ln /etc/passwd ${CACHE}/mine`,
  `ln /var/www/pikit-web/index.html ${CACHE}/mine`,
  'strace -o /dev/null -p 1',
  'unshare -r true',
  'unshare -m true',
  'chroot / true',
  'mknod /tmp/mine b 8 0',
  'test "$(ulimit -c)" != 0',
  'test "$(ls -d /proc/[0-9]* | wc -l)" -gt 12',
  'su -c true',
  'cp /bin/true /tmp/mine && chmod u+s /tmp/mine',
];

/** Prints those that worked. */
export function tries(commands: readonly string[]): string {
  return commands.map((command) => `if { ${command}; } >/dev/null 2>&1 </dev/null; then echo ${JSON.stringify(`done: ${command}`)}; fi`).join('\n');
}

/** What comes to nothing as this user. */
export function triedBy(user: string): readonly string[] {
  return [...ANYBODY, ...(user === 'pikit-update' ? [] : STRANGERS), ...(user === 'pikit-update-api' ? [] : NOT_THE_API)];
}
/** Writes lines to the journal as if they were of root's steps, in every way that there is. */
export const FORGE = `
for step in apply rollback recover; do
    systemd-cat -t pikit-update-$step echo forged by systemd-cat
    logger -t pikit-update-$step forged by logger
    printf 'MESSAGE=forged by journald\\nSYSLOG_IDENTIFIER=pikit-update-%s\\nUNIT=pikit-update-%s.service\\nOBJECT_SYSTEMD_UNIT=pikit-update-%s.service\\nOBJECT_PID=1\\n' $step $step $step | logger --journald
    python3 -c "
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto('\\n'.join(['MESSAGE=forged natively', 'SYSLOG_IDENTIFIER=pikit-update-$step', '_UID=0', '_PID=1', '_SYSTEMD_UNIT=pikit-update-$step.service', 'UNIT=pikit-update-$step.service', '']).encode(), '/run/systemd/journal/socket')"
done 2>/dev/null
true`;

/** What else systemd could be told about the unit, and about other processes. */
export const NOTIFY = `for line in MAINPID=1 MAINPID=$(cat /run/nginx.pid) WATCHDOG=trigger WATCHDOG_USEC=1 STOPPING=1 RELOADING=1 FDSTORE=1 BUSERROR=x ERRNO=1; do
    python3 -c "
import os, socket, sys
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(sys.argv[1].encode(), '/run/systemd/notify')" $line
done
echo told`;

/** A folder that holds another one, six thousand times. */
export const DEEP = `python3 -c "
import os
os.chdir('${CACHE}'); os.mkdir('0.0.1'); os.chdir('0.0.1')
for n in range(6000): os.mkdir('d'); os.chdir('d')"`;

/** A state with as many notices as a file of it may hold. */
export const NOTICES = `python3 -c "
import json
path = '${STATE}/state.json'
state = json.load(open(path))
notices = [{'id': 'branch-removed:x%d' % n, 'message': 'gone ' * 6, 'at': state['last_check']} for n in range(40000)]
size = len(json.dumps(notices[-1])) + 2
state['notices'] = notices[:3900000 // size]
open(path, 'w').write(json.dumps(state))"`;

/** As many changes as one process can make, where the API watches. */
export const STORM = `import os, time
end = time.monotonic() + 4
done = 0
while time.monotonic() < end:
    for name in ('${RUN}/progress.json', '${RUN}/run.json', '${STATE}/state.json.tmp', '${RUN}/next/fetch'):
        try: os.close(os.open(name, os.O_CREAT | os.O_WRONLY)); os.unlink(name); done += 3
        except OSError: pass
print(done)`;

/** Ways to write the path of the API that a web server may take for another, and asks no login for. */
const SPELLINGS = [
  ...['/api/update/status', '/api/update//status', '//api/update/status', '/api//update/status', '/./api/update/status', '/x/../api/update/status'],
  ...[
    '/api/%75pdate/status',
    '/%61pi/update/status',
    '/api/update/%73tatus',
    '/api%2fupdate/status',
    '/api/update%2fstatus',
    '/api/update/..%2fupdate/status',
  ],
  ...['/API/update/status', '/api/update/status/', '/api/update/status?x', '/api/update/status#x', '/api/update/status;x', '/api/update/./status'],
  ...['/api/x/../update/status', '/api/update/status%00', '/api/update\\\\status'],
];
/** Raw requests that two servers may read in two ways; each asks for the status, or has it asked, without a login. */
const SMUGGLED = [
  'POST /x HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 6\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\nGET /api/update/status HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n',
  'GET /x HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 0\\r\\nContent-Length: 60\\r\\n\\r\\nGET /api/update/status HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n',
  'POST /x HTTP/1.1\\r\\nHost: localhost\\r\\nTransfer-Encoding: xchunked\\r\\n\\r\\n0\\r\\n\\r\\nGET /api/update/status HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n',
  'GET /api/update/status HTTP/1.1\\r\\nHost: localhost\\r\\nCookie: x\\r\\n session=good\\r\\n\\r\\n',
  'POST /api/update/check HTTP/1.1\\r\\nHost: localhost\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n2;x=\\"\\r\\n{}\\r\\n0\\r\\n\\r\\n',
  'GET /api/update/status HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 4\\r\\n\\r\\nxxxx',
  'GET /api/update/status HTTP/1.1\\nHost: localhost\\n\\n',
  'GET /api/update/status HTTP/1.1\\r\\nHost : localhost\\r\\n\\r\\n',
  'GET /api/update/status HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: Upgrade, HTTP2-Settings\\r\\nUpgrade: h2c\\r\\nHTTP2-Settings: AAMAAABk\\r\\n\\r\\n',
  'GET /api/update/events HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\nSec-WebSocket-Key: eA==\\r\\nSec-WebSocket-Version: 13\\r\\n\\r\\n',
];
const SPOOFED = [
  'X-Original-URI: /',
  'X-Forwarded-For: 127.0.0.1',
  'X-Rewrite-URL: /api/update/status',
  'Authorization: Basic eDp4',
  'Cookie: session=bad',
];
export const WITHOUT_LOGIN = SPELLINGS.length + SMUGGLED.length + SPOOFED.length;

/** Prints each of them that was answered by the API. */
export const LOGIN = `
told() { if grep -q '"current"\\|"schema"\\|"run"\\|event: status' /tmp/answer; then echo "answered: $1"; fi; }
for path in ${SPELLINGS.map((path) => `'${path}'`).join(' ')}; do
    curl -s --path-as-is --max-time 5 -o /tmp/answer "http://127.0.0.1$path" || true; told "$path"
done
for header in ${SPOOFED.map((header) => `'${header}'`).join(' ')}; do
    curl -s --max-time 5 -o /tmp/answer -H "$header" http://127.0.0.1/api/update/status || true; told "$header"
done
for text in ${SMUGGLED.map((text) => `$'${text}'`).join(' ')}; do
    printf '%s' "$text" | python3 -c "
import socket, sys
s = socket.create_connection(('127.0.0.1', 80)); s.settimeout(1); s.sendall(sys.stdin.buffer.read())
try:
    while True:
        more = s.recv(65536)
        if not more: break
        sys.stdout.buffer.write(more)
except OSError: pass" >/tmp/answer; told "$text"
done`;
