/**
 * The sandbox of a command of a release (systemd.exec(5)). It runs as root, because the files of a release are root's, with nothing
 * else that root has. All of it is said here: units of this name also get what all services of the updater have (units/
 * pikit-update-.service.d) and what the owner puts into pikit-update-hook-.service.d, but do not depend on either.
 */
import fs from 'node:fs';
import { constants } from 'node:os';
import { HIDDEN_FROM_HOOKS } from '../../core/device/hook-places.ts';
import type { UnitSetting } from '../bus/transient-unit.ts';

/** The memory that a command and all that it starts may take together. */
export const HOOK_MEMORY_BYTES = 256 * 1024 * 1024;
const TASKS = 64;
/** How long systemd waits for what it has killed. */
export const HOOK_STOP_MS = 5000;

export interface Hook {
  command: readonly string[];
  /** Where it may write. */
  places: readonly string[];
  timeoutMs: number;
  /** The socket that it writes to, in place of a file or the journal. */
  output: string;
}

/**
 * What is below /run and is not to be seen: all but what systemd itself needs to make the sandbox, which keeps it from hiding /run as
 * a whole. A place that goes meanwhile is passed over.
 */
function hiddenInRun(run = '/run'): string[] {
  const entries = (dir: string): fs.Dirent[] => (fs.existsSync(dir) ? fs.readdirSync(dir, { withFileTypes: true }) : []);
  const all = entries(run).filter(({ name }) => name !== 'systemd');
  const ofSystemd = entries(`${run}/systemd`).filter((entry) => entry.isSocket() || ['journal', 'userdb', 'resolve'].includes(entry.name));
  return [...all, ...ofSystemd].filter((entry) => !entry.isSymbolicLink()).map((entry) => `${entry.parentPath}/${entry.name}`);
}

/** All of them, in the order in which they count: of the filters of system calls each line changes those before it. */
export function hookSettings({ command, places, timeoutMs, output }: Hook, inRun = hiddenInRun()): UnitSetting[] {
  const microseconds = (ms: number): bigint => BigInt(Math.ceil(ms * 1000));
  return [
    text('Description', 'Command of a Release of Pi-Kit'),
    text('CollectMode', 'inactive-or-failed'),
    // Not BindsTo=, which would start fetch again, as a requirement of apply; and not Before= rollback, which would wait for this to
    // end by itself. A rollback ends it: end-hooks.ts.
    list('PartOf', ['pikit-update-apply.service']),
    number('StartLimitIntervalUSec', 0n),
    text('Type', 'oneshot'),
    // Else `$HOME` in an argument would be what systemd makes of it.
    { name: 'ExecStartEx', signature: 'a(sasas)', value: [[command[0] ?? '', [...command], ['no-env-expand']]] },
    number('TimeoutStartUSec', microseconds(timeoutMs)),
    number('TimeoutStopUSec', microseconds(HOOK_STOP_MS)),
    // What has been left running ends at once, and does not look like a command that takes too long.
    { name: 'KillSignal', signature: 'i', value: constants.signals.SIGKILL },
    text('StandardOutputFile', output),
    text('StandardError', 'inherit'),
    // It ends where its output is not read any more.
    yes('IgnoreSIGPIPE', false),
    list('Environment', ['HOME=/nonexistent', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin']),
    { name: 'UMask', signature: 'u', value: 0o022 },

    text('ProtectSystem', 'strict'),
    list('ReadWritePaths', places),
    list(
      'InaccessiblePaths',
      [...HIDDEN_FROM_HOOKS.filter((path) => path !== '/run'), ...inRun].map((path) => `-${path}`),
    ),
    text('ProtectHome', 'yes'),
    ...['PrivateTmp', 'PrivateDevices', 'PrivateIPC', 'PrivateMounts', 'PrivateNetwork'].map((name) => yes(name)),
    ...['ProtectClock', 'ProtectControlGroups', 'ProtectHostname', 'ProtectKernelLogs', 'ProtectKernelModules', 'ProtectKernelTunables'].map((name) =>
      yes(name),
    ),
    text('ProtectProc', 'invisible'),
    text('ProcSubset', 'pid'),

    yes('NoNewPrivileges'),
    number('CapabilityBoundingSet', 0n),
    ...['LockPersonality', 'RestrictRealtime', 'RestrictSUIDSGID'].map((name) => yes(name)),
    number('RestrictNamespaces', 0n),
    list('SystemCallArchitectures', ['native']),
    filter('SystemCallFilter', true, ['@system-service']),
    // io_uring makes connections without the call that RestrictAddressFamilies= looks at.
    filter('SystemCallFilter', false, ['@privileged', '@resources', 'io_uring_setup', 'io_uring_enter', 'io_uring_register']),
    // As it has no capability, this lets it keep an owner, as `cp -p` does, and not change one.
    filter('SystemCallFilter', true, ['@chown']),
    { name: 'SystemCallErrorNumber', signature: 'i', value: constants.errno.EPERM },
    // socketpair() is none of it.
    filter('RestrictAddressFamilies', true, []),

    number('MemoryMax', BigInt(HOOK_MEMORY_BYTES)),
    number('MemorySwapMax', 0n),
    number('TasksMax', BigInt(TASKS)),
    number('LimitCORE', 0n),
    { name: 'OOMScoreAdjust', signature: 'i', value: 500 },
  ];
}

function text(name: string, value: string): UnitSetting {
  return { name, signature: 's', value };
}

function list(name: string, value: readonly string[]): UnitSetting {
  return { name, signature: 'as', value: [...value] };
}

function yes(name: string, value = true): UnitSetting {
  return { name, signature: 'b', value };
}

function number(name: string, value: bigint): UnitSetting {
  return { name, signature: 't', value };
}

/** Allows these, or takes them away again. */
function filter(name: string, isAllowed: boolean, value: readonly string[]): UnitSetting {
  return { name, signature: '(bas)', value: [isAllowed, [...value]] };
}
