/** What is tried in starter.ts, as scripts for a device; each prints a line for every try. */

const MANAGER = 'org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager';

/** `denied`: systemd or the bus says no to this user. `invalid`: it says no to everybody. `done` and `odd` are what must not be. */
const TRY = `
try() {
    if out=$(busctl --system --timeout=20 call ${MANAGER} "$@" 2>&1 </dev/null); then echo "done $*"
    elif [[ $out =~ [Aa]ccess\\ denied|[Aa]uthentication\\ required|not\\ permitted ]]; then echo "denied $*"
    elif [[ $out =~ only\\ valid|may\\ not\\ be\\ isolated|cannot\\ be\\ reloaded|not\\ applicable|not\\ supported|invalid|requested\\ explicitly|manually|only\\ be\\ used|No\\ job\\ queued|non-delegated|private\\ mount\\ namespace|does\\ not\\ exist ]]; then echo "invalid $* $out"
    else echo "odd $*: $out"; fi
}`;

const UNITS = [
  ...['check', 'fetch', 'apply', 'rollback', 'recover', 'gate@apply', 'auto@off', 'api', 'order@x'].map((name) => `pikit-update-${name}.service`),
  ...['pikit-update.timer', 'pikit-update-api.socket', 'pikit-update-order.socket', 'nginx.service'],
];
const MODES = [
  ...['replace', 'fail', 'isolate', 'ignore-dependencies', 'ignore-requirements', 'flush', 'replace-irreversibly'],
  ...['lenient', 'restart-dependencies', 'triggering'],
];

/** Every way to ask for a job, in every mode, for each of our units and one that is not ours. */
export const MATRIX = `${TRY}
for unit in ${UNITS.join(' ')}; do
    for mode in ${MODES.join(' ')}; do
        for call in StartUnit StopUnit RestartUnit ReloadUnit TryRestartUnit ReloadOrRestartUnit ReloadOrTryRestartUnit; do
            try $call ss $unit $mode
        done
        try EnqueueUnitJob sss $unit start $mode
        try EnqueueUnitJob sss $unit stop $mode
        try StartUnitReplace sss nginx.service $unit $mode
    done
done`;

/** All that is no job, and could come to one. */
export const OTHER_CALLS = `${TRY}
for unit in pikit-update-check.service pikit-update-apply.service nginx.service; do
    try KillUnit ssi $unit all 9
    try ResetFailedUnit s $unit
    try SetUnitProperties sba\\(sv\\) $unit true 1 MemoryMax t 1
    try FreezeUnit s $unit
    try CleanUnit sas $unit 1 all
    try AttachProcessesToUnit ssau $unit / 1 $$
    try BindMountUnit sssbb $unit /etc /mnt false false
done
try StartTransientUnit ssa\\(sv\\)a\\(sa\\(sv\\)\\) mine.service flush 0 0
try StartTransientUnit ssa\\(sv\\)a\\(sa\\(sv\\)\\) pikit-update-order@mine.service replace 0 0
try CancelJob u 1
try ClearJobs
try Reload
try Reexecute
try PowerOff
try ResetFailed
try SetEnvironment as 1 NODE_OPTIONS=--inspect
try LinkUnitFiles asbb 1 /tmp/x.service false true
try EnableUnitFiles asbb 1 pikit-update-api-tcp.socket false true
try DisableUnitFiles asb 1 pikit-update.timer false
try MaskUnitFiles asbb 1 pikit-update-order.socket false true`;

/** Jobs that there are, and how many there ever were. */
export const JOBS = `systemctl list-jobs --no-legend; echo "installed $(busctl --system get-property ${MANAGER} NInstalledJobs)"`;

/** Prints what worked. */
export const SQUATS = `
for name in api.sock order.sock; do
    path=/run/pikit-update-api/$name
    rm -f $path 2>/dev/null && echo "rm $path"
    mv $path /tmp/ 2>/dev/null && echo "mv $path"
    ln -sfT /tmp/mine $path 2>/dev/null && echo "ln $path"
    mkdir $path.tmp 2>/dev/null && echo "mkdir $path"
    chmod 0666 $path 2>/dev/null && echo "chmod $path"
done
mv /run/pikit-update-api /run/mine 2>/dev/null && echo moved
true`;

/** Sends its input as one message, and prints the answer, or the errno of the connection. */
export const CLIENT = `import errno, socket, sys
s = socket.socket(socket.AF_UNIX)
try:
    s.connect(sys.argv[1])
except OSError as error:
    print(errno.errorcode[error.errno])
    sys.exit(0)
s.sendall(sys.stdin.buffer.read())
s.shutdown(socket.SHUT_WR)
while True:
    more = s.recv(65536)
    if not more:
        break
    sys.stdout.buffer.write(more)
`;
