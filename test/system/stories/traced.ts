/**
 * The program of a unit under strace(1): its calls seen, slowed down, or the program stopped right after one of them. Before a
 * power cut that has to be: a container that is killed loses its systemd some milliseconds before its other processes, time
 * enough for a program to see that and to undo.
 *
 * By a drop-in in /run, which goes with the power. The sandbox of the unit is the real one, but that it allows ptrace(2).
 */
import type { Phase } from '../../../lib/transaction/types.ts';
import type { Point } from '../../crash/kill/strace.ts';
import { CHANGING, parse } from '../../crash/kill/strace.ts';
import type { PikitDevice } from '../../helpers/pikit-device.ts';

export type Step = 'apply' | 'rollback';

export type Calls = Readonly<Record<Phase, readonly Point[]>>;

/** Where the unit may write, and strace with it. */
const LOG = '/run/pikit-update/strace.log';
const FIFO = '/run/strace.fifo';
const STOP_TIMEOUT_S = 60;
/** node writes to its own pipes as well, so the n-th write is not the same in every run. */
const UNCERTAIN = /^p?write/;
/** Progress is reported as often as there is time, which makes some of these more or fewer: the last ones may not come. */
const VARYING = /^(?:rename|unlink)$/;
const VARIES_BY = 4;
const JOURNAL = /^rename "\/var\/lib\/pikit\/journal\.json\.tmp"/;
const CLOSED = /^unlink "\/var\/lib\/pikit\/journal\.json"/;

function unitOf(step: Step): string {
  return `pikit-update-${step}.service`;
}

function dropInOf(step: Step): string {
  return `/run/systemd/system/${unitOf(step)}.d`;
}

/** The commands that let a unit run its program under strace from now on. */
function dropIn(step: Step, strace: string): string {
  const program = `/usr/lib/pikit-update/notify-exec /usr/bin/node --disable-proto=delete /usr/lib/pikit-update/${step}.js`;
  const lines = ['[Service]', 'ExecStart=', `ExecStart=/usr/bin/strace -f -y -qq -s 0 ${strace} ${program}`, 'SystemCallFilter=@debug'];
  return `mkdir -p ${dropInOf(step)}; printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')} >${dropInOf(step)}/strace.conf; systemctl daemon-reload`;
}

/** As without strace again. */
export async function untraced(device: PikitDevice, step: Step): Promise<void> {
  await device.sh(`rm -r ${dropInOf(step)}; systemctl daemon-reload`);
}

/** Lets every change of a name take so much longer, until `untraced`: what lasts a millisecond is there to be seen then. */
export async function slowDown(device: PikitDevice, step: Step, delayMs: number): Promise<void> {
  const calls = 'rename,unlink';
  await device.sh(dropIn(step, `-o /dev/null -e trace=${calls} -e inject=${calls}:delay_exit=${String(delayMs * 1000)}`));
}

/** Runs the unit to its end, and answers its calls that change a file while the transaction is open, in order, by phase. */
export async function callsOf(device: PikitDevice, step: Step): Promise<Calls> {
  await device.sh(dropIn(step, `-o ${LOG} -e trace=${CHANGING.map((name) => `?${name}`).join(',')}`));
  const { exitCode, lines } = await device.start(unitOf(step));
  if (exitCode !== 0) throw new Error(`${step}, traced, failed:\n${lines.join('\n')}`);
  const all = parse(await device.readFile(LOG), '');
  await device.sh(`rm ${LOG}`);
  await untraced(device, step);
  const [preparing = 0, applying = 0, committed = 0, ...more] = all.flatMap(({ label }, index) => (JOURNAL.test(label) ? [index] : []));
  const closed = all.findIndex(({ label }) => CLOSED.test(label));
  if (committed === 0 || more.length > 0 || closed === -1) throw new Error(`${step} wrote its journal in another way than expected`);
  const within = (from: number, to: number): Point[] => all.slice(from, to).filter((point) => isCertain(point, all));
  return { preparing: within(preparing, applying), applying: within(applying, committed), committed: within(committed, closed) };
}

function isCertain({ name, n, label }: Point, all: readonly Point[]): boolean {
  if (UNCERTAIN.test(name) || label.includes('"/run/')) return false;
  return !VARYING.test(name) || n <= all.filter((point) => point.name === name).length - VARIES_BY;
}

/** Starts the unit and resolves when its program stands still after this call; to the phase that its journal is in then. */
export async function freezeAt(device: PikitDevice, step: Step, { name, n }: Point): Promise<Phase> {
  const text = await device.sh(
    `${dropIn(step, `-o ${FIFO} -e trace=${name} -e inject=${name}:signal=STOP:when=${String(n)}`)}
    mkfifo ${FIFO}
    systemctl start --no-block ${unitOf(step)}
    timeout ${String(STOP_TIMEOUT_S)} grep -m 1 'stopped by SIGSTOP' ${FIFO} >/dev/null
    cat /var/lib/pikit/journal.json`,
  );
  const phase = /"phase":"(preparing|applying|committed)"/.exec(text)?.[1];
  if (phase === 'preparing' || phase === 'applying' || phase === 'committed') return phase;
  throw new Error(`${step} at ${name} ${String(n)}: no phase in the journal`);
}
