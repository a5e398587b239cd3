/** Whether a release is for this device, now. Pure: everything it weighs comes in. */
import { createHash } from 'node:crypto';
import type { Config } from './config.ts';
import type { UpdateError } from './errors.ts';
import { toUpdateError } from './errors.ts';
import type { Manifest } from './manifest.ts';
import { standingOf } from './offer.ts';
import type { HeldVersion, Settings } from './state.ts';
import { mapToDevice } from './targets.ts';
import { compareVersions } from './version.ts';

export interface Circumstances {
  current: string | null;
  /** The branch that the release is from. */
  branch: string;
  /** The branch that `current` came from. */
  installedBranch: string | null;
  settings: Settings;
  held: readonly HeldVersion[];
  config: Config;
  /** `process.arch` of this device. */
  arch: string;
  /** 0..99, the same for this device every day: which tenth of the fleet it belongs to. */
  cohort: number;
  signed: boolean;
  /** Somebody asked for it, so rollout groups and skipped versions do not apply. */
  byHand: boolean;
  /** A held version that the owner wants to try again. */
  retry: string | null;
}

export type Decision =
  | { outcome: 'none'; reason: string }
  | { outcome: 'available' | 'held' | 'waiting' | 'incompatible' | 'skipped'; reason: string | null; downgrade: boolean };

/** Decides, and says why. The order matters: what can never be installed comes before what merely waits. */
export function decide(manifest: Manifest, here: Circumstances): Decision {
  const { version } = manifest;
  const standing = standingOf(version, here);
  if (standing === 'installed') return { outcome: 'none', reason: `${version} is installed` };
  if (standing === 'older') return { outcome: 'none', reason: `the newest release is ${version}, and ${here.current ?? 'none'} is installed` };
  const downgrade = standing === 'downgrade';
  const incompatible = incompatibility(manifest, here);
  if (incompatible !== null) return { outcome: 'incompatible', reason: incompatible, downgrade };
  const held = here.held.find((entry) => entry.version === version && isHeld(entry));
  if (held !== undefined && here.retry !== version) {
    return { outcome: 'held', reason: `it failed here before (${held.message})`, downgrade };
  }
  if (!here.byHand && here.settings.skipped_version === version) return { outcome: 'skipped', reason: describeSkipped(version), downgrade };
  const percent = manifest.rollout?.percent ?? 100;
  if (!here.byHand && here.cohort >= percent) {
    return {
      outcome: 'waiting',
      reason: `${version} goes to ${String(percent)} % of devices for now, and this one is in group ${String(here.cohort)}`,
      downgrade,
    };
  }
  return { outcome: 'available', reason: downgrade ? describeDowngrade(here) : null, downgrade };
}

/** What is said of a version that the owner passes over. */
export function describeSkipped(version: string): string {
  return `you chose to skip ${version}`;
}

/** Why something older is offered at all. */
export function describeDowngrade({ current, branch, installedBranch }: Pick<Circumstances, 'current' | 'branch' | 'installedBranch'>): string {
  const from = installedBranch === null || installedBranch === branch ? '' : ` from the branch '${installedBranch}'`;
  return `it is older than ${current ?? 'nothing'}, which is installed${from}`;
}

/** Why a release cannot be installed on this device at all, or null. */
export function incompatibility(manifest: Manifest, here: Pick<Circumstances, 'current' | 'arch' | 'config' | 'signed'>): string | null {
  const { requires, version } = manifest;
  if (requires.min_version !== undefined && here.current !== null && compareVersions(here.current, requires.min_version) < 0) {
    return `${version} needs ${requires.min_version} to be installed first, and ${here.current} is installed`;
  }
  if (requires.arch !== undefined && !requires.arch.some((name) => archMatches(name, here.arch))) {
    return `${version} is for ${requires.arch.join(', ')}, and this device is ${here.arch}`;
  }
  if (manifest.files.length > here.config.limits.files) {
    return `${version} has ${String(manifest.files.length)} files, limits.files allows ${String(here.config.limits.files)}`;
  }
  return targetProblem(manifest, here.config)?.message ?? postInstallProblem(manifest, here);
}

function targetProblem(manifest: Manifest, config: Config): UpdateError | null {
  try {
    mapToDevice(
      manifest.files.map((file) => file.path),
      config.target,
    );
    return null;
  } catch (error) {
    return toUpdateError(error);
  }
}

function postInstallProblem(manifest: Manifest, here: Pick<Circumstances, 'config' | 'signed'>): string | null {
  const { services, post_install } = here.config;
  for (const action of manifest.post_install) {
    if (action.kind === 'unknown') return `it asks for the action ${action.text}, which this updater does not know`;
    if (action.kind === 'restart' && !services.restart.includes(action.unit) && !services.allow.includes(action.unit)) {
      return `it asks to restart '${action.unit}', which services.restart and services.allow do not list`;
    }
    if (action.kind === 'run') {
      if (!here.signed && !post_install.allow_unsigned)
        return `it asks to run '${action.file}', and releases are not signed here (post_install.allow_unsigned)`;
      if (!manifest.files.some((file) => file.path === action.file)) return `it asks to run '${action.file}', which is not a file of the release`;
    }
  }
  return null;
}

const ARCH_ALIASES: Readonly<Record<string, string>> = { amd64: 'x64', x86_64: 'x64', armhf: 'arm', armv7l: 'arm', aarch64: 'arm64', i386: 'ia32' };

/** What "requires.arch" of a manifest can name so that a device knows it: what Node says of it, and what Debian and uname say. */
export const ARCHITECTURES: readonly string[] = ['arm64', 'arm', 'x64', 'ia32', 'riscv64', 'all', ...Object.keys(ARCH_ALIASES)];

function archMatches(name: string, arch: string): boolean {
  return name === 'all' || (ARCH_ALIASES[name] ?? name) === arch;
}

/** The group of a device, 0..99, from an id that stays the same; which devices come first differs from release to release. */
export function cohortOf(machineId: string, version: string): number {
  return createHash('sha256').update(`${machineId}\0${version}`).digest().readUInt32BE(0) % 100;
}

/** Interrupted attempts that hold a version. */
const MAX_ATTEMPTS = 3;

/** What is said of a held version wherever it is met. */
export function describeHeld(version: string, reason: string | null): string {
  return `${version} is held: ${reason ?? 'it failed here before'}; \`pikit-update apply --version ${version}\` tries it again`;
}

/** Whether an entry keeps its version from being offered: a failure at once, interruptions from the third on. */
export function isHeld(entry: HeldVersion): boolean {
  switch (entry.reason) {
    case 'failed':
      return true;
    case 'attempts':
      return entry.attempts >= MAX_ATTEMPTS;
    case 'rolled-back':
      return false;
    default:
      return entry.reason satisfies never;
  }
}
