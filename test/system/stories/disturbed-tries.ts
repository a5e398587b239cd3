/** What is run in disturbed.ts, as scripts for a device; each prints a line for what must not be, and its counts in the last line. */

/**
 * All that must be exactly that of one release, and what no step may touch; without times, which are those of each installation.
 * `/srv/old` and `/srv/young` hold how it looks with the one release and with the other.
 */
export const LOOK = `
look() {
    { find /var/www /usr/local/bin /etc/pikit /etc/systemd/system /usr/lib/pikit-update /srv/secrets /run/pikit-update/orders -printf '%p %y %m %U:%G %s %l\\n'
      find /var/lib/pikit-update/settings.json /var/lib/pikit /var/backups/pikit -maxdepth 0 -printf '%p %y %m %U:%G\\n'
      find /var/www /usr/local/bin /etc/pikit /srv/secrets -type f -exec sha256sum {} +; } | LC_ALL=C sort
}
exactly() {
    case $(cat /etc/pikit/version) in 1.0.0) look | diff /srv/old -;; 1.1.0) look | diff /srv/young -;; *) echo "version $(cat /etc/pikit/version)";; esac
    if test -e /var/lib/pikit/journal.json; then echo "$1: a transaction is open"; fi
}`;

/** Of the two that disturb: they can be told to pause. */
export const PIDS = { needed: '/var/lib/pikit-update/needed.pid', others: '/var/lib/pikit-update/others.pid' };

/**
 * Installs and goes back until it has gone back so often. Fetch, which would only disturb itself, is left alone, and what is staged
 * until root has read it; every fourth time it is not, and root refuses it.
 */
export const backAndForth = (rounds: number): string => `${LOOK}
back=0; tried=0; refused=0
tell() { kill -$2 "$(cat $1)" || true; }
while test $back -lt ${String(rounds)} && test $tried -lt ${String(4 * rounds)}; do
    tried=$((tried+1)); systemctl reset-failed pikit-update-{check,fetch,apply,rollback,recover}.service
    tell ${PIDS.needed} STOP; tell ${PIDS.others} STOP
    rm -rf /var/cache/pikit-update/* /var/lib/pikit-update/{state.json,staged,timings.json}* /run/pikit-update/{run,progress}.json* /run/pikit-update/{next,granted}/*
    systemctl start pikit-update-apply.service 2>/dev/null & apply=$!
    until test "$(systemctl show -P MainPID pikit-update-apply.service)" != 0 || ! kill -0 $apply 2>/dev/null; do :; done
    tell ${PIDS.others} CONT
    phase=applying; test $((tried % 4)) != 3 || phase=preparing
    until grep -qs "\"phase\":\"$phase\"" /var/lib/pikit/journal.json || ! kill -0 $apply 2>/dev/null; do :; done
    tell ${PIDS.needed} CONT
    wait $apply || refused=$((refused+1))
    exactly "apply $tried"
    if test "$(cat /etc/pikit/version)" = 1.1.0; then
        systemctl start pikit-update-rollback.service || echo "rollback $tried failed"
        test "$(cat /etc/pikit/version)" = 1.0.0 || echo "rollback $tried did not go back"
        exactly "rollback $tried"; back=$((back+1))
    fi
done
echo "$tried applies, $refused refused, $back rollbacks"`;

const OPENED = 'var/www usr/local/bin etc/pikit var/lib/pikit var/backups';

/** Keeps a device in the middle of an update, which stands still: what a power cut there would leave. */
export const KEEP_OPEN = `tar -C / --format=posix -cf /srv/open.tar ${OPENED}`;

/** Undoes that update over and over. */
export const recoverAll = (rounds: number): string => `${LOOK}
undone=0
for n in $(seq ${String(rounds)}); do
    (cd / && find ${OPENED} -mindepth 1 -delete; tar -C / -xpf /srv/open.tar)
    test -e /var/lib/pikit/journal.json || echo "round $n: nothing is open"
    systemctl reset-failed pikit-update-{check,fetch,apply,rollback,recover}.service
    systemctl start pikit-update-recover.service && undone=$((undone+1)) || echo "recover $n failed"
    test "$(cat /etc/pikit/version)" = 1.0.0 || echo "recover $n did not go back"
    exactly "recover $n"
done
echo "$undone of ${String(rounds)} undone"`;

/** Orders that start or stop something are sent one in each run of a step; the others together. */
const ALONE = ['{"order":"check"}', '{"order":"apply","version":null,"manifest_sha256":null,"replace":[]}', '{"order":"rollback"}'];
const TOGETHER = [
  '{"order":"auto","auto":"check","time":"04:20"}',
  '{"order":"branch","name":"stable"}',
  '{"order":"skip","version":"9.9.9"}',
  '{"order":"dismiss","id":null}',
];
export const ORDERS_SENT = ALONE.length + 1 + TOGETHER.length;

/** Each of the eight orders while this step stands still in its middle; it goes on afterwards. The lock or the open journal shows that it is there. */
export const ordersDuring = (step: 'check' | 'fetch' | 'apply' | 'rollback'): string => `${LOOK}
lock=$(stat -c %i /run/pikit-update.lock); unit=pikit-update-${step}.service; answers=0
order() { echo "$1" | runuser -u pikit-update-api -- timeout 60 python3 /usr/local/lib/order.py /run/pikit-update-api/order.sock; }
there() {
    case ${step} in check|fetch) grep -qs "FLOCK.*:$lock " /proc/[0-9]*/fdinfo/*;; *) test -e /var/lib/pikit/journal.json;; esac
}
quiet() { until test -z "$(systemctl list-jobs --no-legend)"; do :; done; }
begin() {
    systemctl reset-failed pikit-update-{check,fetch,apply,rollback,recover}.service
    case ${step} in
        rollback) test "$(cat /etc/pikit/version)" = 1.1.0 || systemctl start pikit-update-apply.service;;
        *) test "$(cat /etc/pikit/version)" = 1.0.0 || systemctl start pikit-update-rollback.service;;
    esac
    if test ${step} = fetch; then rm -rf /var/cache/pikit-update/1.1.0 /var/lib/pikit-update/staged; fi
    systemctl start --no-block $unit
    until there || test -z "$(systemctl list-jobs --no-legend)"; do :; done
    systemctl kill --signal=STOP $unit
    test "$(systemctl show -P ActiveState $unit)" = activating || echo "${step} did not stand still"
}
answered() {
    case $2 in '{"ok":'*|'{"error":{"code":"BUSY"'*) answers=$((answers+1));; *) echo "${step}, $1: $2";; esac
}
finish() { systemctl kill --signal=CONT $unit; wait; quiet; exactly "${step}, $1"; }
for one in ${[...ALONE, `{"order":"stop","step":"${step === 'rollback' ? 'apply' : step}"}`].map((order) => `'${order}'`).join(' ')}; do
    begin; answered "$one" "$(order "$one")"; finish "$one"
done
begin
order '${TOGETHER.at(-1) ?? ''}' >/tmp/answer &
for one in ${TOGETHER.slice(0, -1)
  .map((order) => `'${order}'`)
  .join(' ')}; do answered "$one" "$(order "$one")"; done
finish settings; answered dismiss "$(cat /tmp/answer)"
systemctl --failed --no-legend list-units 'pikit-update-order*' 'pikit-update-gate*' 'pikit-update-recover*'
echo "$answers answered"`;
