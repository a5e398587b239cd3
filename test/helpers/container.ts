import { GenericContainer, getContainerRuntimeClient } from 'testcontainers';
import { describe, inject } from 'vitest';
import { followJournal, type JournalEntry, parseJournal } from './bed-journal.ts';
import type { DeviceImage } from './bed-images.ts';
import { must, runRaw, type RunResult } from './bed-run.ts';
import { runLabel } from './testbed.ts';

export type { DeviceImage } from './bed-images.ts';
export type { JournalEntry } from './bed-journal.ts';
export type { RunResult } from './bed-run.ts';

/** What `systemctl show` says of a unit. */
export type UnitProperties = Readonly<Record<string, string>>;

export interface ExecOptions {
  readonly user?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  readonly timeoutMs?: number;
}

export interface FileOptions {
  /** Octal, as for chmod; 0644 by default. */
  readonly mode?: string;
  /** `user` or `user:group`; root by default. */
  readonly owner?: string;
}

/** A running device. Its files last until `stop`; memory, /run and /tmp until `restartHard`. */
export interface Device {
  readonly id: string;
  /** Runs a command, a text by `sh -c`; any exit code is an answer. */
  exec(command: string | readonly string[], options?: ExecOptions): Promise<RunResult>;
  /** Runs a bash script that has to succeed (`set -euo pipefail`), and gives its output; throws with all it said otherwise. */
  sh(script: string, options?: ExecOptions): Promise<string>;
  /** Writes a file, and the folders above it. */
  writeFile(path: string, content: string | Uint8Array, options?: FileOptions): Promise<void>;
  readFile(path: string): Promise<string>;
  readBytes(path: string): Promise<Buffer>;
  /** Copies what is in a folder of the host into a folder of the device, as root's. */
  copyDir(hostFolder: string, path: string): Promise<void>;
  systemctl(...args: string[]): Promise<RunResult>;
  /** The properties of a unit now. */
  unit(name: string): Promise<UnitProperties>;
  /** Journal entries, for example of `['--unit', 'nginx']`, complete up to this moment, power cuts included. */
  journal(args?: readonly string[]): Promise<JournalEntry[]>;
  /** The place in the journal now, for `journal(['--after-cursor', …])` and `waitForJournal`. */
  cursor(): Promise<string>;
  /** Resolves to the first entry after a cursor, or from now on, that fits. Throws at the deadline. */
  waitForJournal(args: readonly string[], fits: (entry: JournalEntry) => boolean, options: WaitOptions): Promise<JournalEntry>;
  /** Resolves as soon as a unit fits; looks now, and whenever systemd or the unit says something. Throws at the deadline. */
  waitForUnit(name: string, fits: (unit: UnitProperties) => boolean, deadlineMs: number): Promise<UnitProperties>;
  /** A power cut, and the start after it: every process is killed at once, files stay as they are. Resolves to systemd's state after boot. */
  restartHard(): Promise<string>;
  /** Resolves to systemd's state once boot is over: `running`, or `degraded` when a unit failed. */
  booted(): Promise<string>;
  /** Removes the device with all that is on it. */
  stop(): Promise<void>;
}

export interface WaitOptions {
  readonly timeoutMs: number;
  readonly after?: string;
}

export interface DeviceOptions {
  readonly image: DeviceImage;
  /** `none` (default): loopback only. `bridge`: reaches and is reached by the host. */
  readonly network?: 'none' | 'bridge';
}

const bootTimeoutMs = 60_000;

/** A suite on devices with this image; where they cannot run it is skipped, with the reason in its name. */
export function describeOnDevice(image: DeviceImage, name: string, suite: () => void): void {
  const problem = inject('testbed').problems[image];
  if (problem === null) {
    describe(name, suite);
  } else {
    describe.skip(`${name} (skipped: ${problem})`, suite);
  }
}

/** Starts a new device and waits until it has booted. */
export async function startDevice({ image, network = 'none' }: DeviceOptions): Promise<Device> {
  const { run, cgroup } = inject('testbed');
  // Its clean-up container is an image to pull; ours are removed by label.
  process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
  const started = await new SystemdContainer(`pikit-test:${image}`)
    .withLabels({ [runLabel]: run })
    .withNetworkMode(network)
    .withAddedCapabilities('SYS_ADMIN', 'NET_ADMIN', 'SYS_PTRACE')
    .withSecurityOpt('seccomp=unconfined', 'apparmor=unconfined')
    .withTmpFs({ '/run': 'rw', '/run/lock': 'rw', '/tmp': 'rw' })
    .withBindMounts([{ source: cgroup, target: '/sys/fs/cgroup', mode: 'rw' }])
    .start();
  const device = deviceOf(started.getId());
  await device.booted();
  return device;
}

/** systemd in the container shares the host's view of the hierarchy that is mounted into it. */
class SystemdContainer extends GenericContainer {
  protected override beforeContainerCreated(): Promise<void> {
    // Missing from the types of the engine's API that we get it with.
    Object.assign(this.hostConfig, { CgroupnsMode: 'host' });
    return Promise.resolve();
  }
}

function deviceOf(id: string): Device {
  async function execRaw(command: readonly string[], { user = 'root', env = {}, input, timeoutMs }: ExecOptions = {}) {
    const settings = Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
    const options = { ...(input === undefined ? {} : { input }), ...(timeoutMs === undefined ? {} : { timeoutMs }) };
    return await runRaw('docker', ['exec', '--interactive', '--user', user, ...settings, id, ...command], options);
  }

  async function exec(command: string | readonly string[], options?: ExecOptions): Promise<RunResult> {
    const { stdout, ...rest } = await execRaw(typeof command === 'string' ? ['sh', '-c', command] : command, options);
    return { ...rest, stdout: stdout.toString() };
  }

  async function output(command: readonly string[], options?: ExecOptions): Promise<Buffer> {
    const { exitCode, stdout, stderr } = await execRaw(command, options);
    if (exitCode !== 0) {
      throw new Error(`on the device: ${command.join(' ')}: exit status ${String(exitCode)}\n${stdout.toString()}${stderr}`);
    }
    return stdout;
  }

  async function sh(script: string, options?: ExecOptions): Promise<string> {
    return (await output(['bash', '-euo', 'pipefail', '-c', script], options)).toString();
  }

  async function cursor(): Promise<string> {
    const text = await sh('journalctl --sync && journalctl --lines=1 --output=cat --show-cursor --quiet');
    const found = /^-- cursor: (.+)$/m.exec(text)?.[1];
    if (found === undefined) {
      throw new Error('the journal of the device is empty');
    }
    return found;
  }

  async function unit(name: string): Promise<UnitProperties> {
    const text = (await output(['systemctl', 'show', '--all', name])).toString();
    return Object.fromEntries([...text.matchAll(/^([^=\n]+)=(.*)$/gm)].map(([, key = '', value = '']) => [key, value]));
  }

  async function booted(): Promise<string> {
    // The first call waits for the bus to be there, the second for the last job of the boot.
    const ping = ['org.freedesktop.systemd1', '/org/freedesktop/systemd1', 'org.freedesktop.DBus.Peer', 'Ping'];
    await output(['busctl', '--watch-bind=yes', '--timeout=60', 'call', ...ping], { timeoutMs: bootTimeoutMs });
    const { stdout } = await exec(['systemctl', 'is-system-running', '--wait'], { timeoutMs: bootTimeoutMs });
    return stdout.trim();
  }

  async function waitForJournal(args: readonly string[], fits: (entry: JournalEntry) => boolean, { timeoutMs, after }: WaitOptions) {
    return await followJournal(id, args, fits, { after: after ?? (await cursor()), timeoutMs });
  }

  return {
    id,
    exec,
    sh,
    unit,
    cursor,
    booted,
    waitForJournal,
    systemctl: (...args) => exec(['systemctl', ...args]),
    async writeFile(path, content, { mode = '0644', owner = 'root' } = {}) {
      const [user = 'root', group = user] = owner.split(':');
      // Under another name first: what runs on the device finds the old content or the new one, never none.
      const beside = `${path}~written`;
      await output(['install', '-D', `--mode=${mode}`, `--owner=${user}`, `--group=${group}`, '/dev/stdin', beside], { input: content });
      await output(['mv', '--no-target-directory', beside, path]);
    },
    readFile: async (path) => (await output(['cat', '--', path])).toString(),
    readBytes: (path) => output(['cat', '--', path]),
    async copyDir(hostFolder, path) {
      const { exitCode, stdout, stderr } = await runRaw('tar', ['--create', '--directory', hostFolder, '.']);
      if (exitCode !== 0) {
        throw new Error(`cannot read '${hostFolder}': ${stderr}`);
      }
      await output(['mkdir', '--parents', path]);
      await output(['tar', '--extract', '--no-same-owner', '--directory', path], { input: stdout });
    },
    async journal(args = []) {
      await output(['journalctl', '--sync']);
      return parseJournal((await output(['journalctl', '--output=json', '--all', '--no-pager', ...args])).toString());
    },
    async waitForUnit(name, fits, deadlineMs) {
      const after = await cursor();
      let state = await unit(name);
      if (fits(state)) {
        return state;
      }
      const look = async () => fits((state = await unit(name)));
      await followJournal(id, ['--unit', name], look, { after, timeoutMs: deadlineMs });
      return state;
    },
    async restartHard() {
      const { container } = await getContainerRuntimeClient();
      const handle = container.getById(id);
      const dead = handle.wait();
      await handle.kill({ signal: 'SIGKILL' });
      await dead;
      await handle.start();
      return await booted();
    },
    stop: async () => {
      await must('docker', ['rm', '--force', '--volumes', id]);
    },
  };
}
