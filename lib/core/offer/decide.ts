/** Whether a release is for this device, now. Pure: everything it weighs comes in. */
import { createHash } from 'node:crypto';
import { notAutomatic } from './automatic.ts';
import type { Config } from '../device/config.ts';
import { toUpdateError } from '../errors.ts';
import type { Manifest } from '../release/manifest.ts';
import { standingOf } from './standing.ts';
import { allowBundle, allowFiles, allowUnit, allowUnsigned } from './owner-hints.ts';
import { formatBytes } from '../quantities.ts';
import type { HeldVersion, NotAutomatic, Settings } from '../device/state.ts';
import { mapToDevice } from '../release/targets.ts';
import { compareVersions } from '../release/version.ts';

/** Who started the run: what the owner asks for is not held back by rollout groups, skipped versions, or what the timer may do. */
export type Starter = 'owner' | 'timer';

export interface DecisionInputs {
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
  /** Who started the run. Rollout groups and skipped versions do not apply to what the owner asks for. */
  by: Starter;
  /** A held version that the owner wants to try again. */
  retry: string | null;
}

export type Decision =
  | { outcome: 'none'; reason: string; standing: 'installed' | 'older' }
  | {
      outcome: 'held' | 'waiting' | 'incompatible' | 'skipped';
      reason: string | null;
      /** What the owner can do about it, when it is something that the owner sets. */
      hint?: string;
      downgrade: boolean;
    }
  /** `automatic`: why the timer does not install it; null if it does. */
  | { outcome: 'available'; reason: string | null; downgrade: boolean; automatic: NotAutomatic | null };

/** Why a release cannot be installed here, and what to do. */
export interface Obstacle {
  reason: string;
  hint: string;
}

/** Decides, and says why. The order matters: what can never be installed comes before what merely waits. */
export function decide(manifest: Manifest, here: DecisionInputs): Decision {
  const { version } = manifest;
  const standing = standingOf(version, here);
  if (standing === 'installed') return { outcome: 'none', standing, reason: `${here.current ?? version} is installed` };
  if (standing === 'older')
    return { outcome: 'none', standing, reason: `the newest release is ${version}, and ${here.current ?? 'none'} is installed` };
  const downgrade = standing === 'downgrade';
  const incompatible = incompatibility(manifest, here);
  if (incompatible !== null) return { outcome: 'incompatible', ...incompatible, downgrade };
  const held = here.held.find((entry) => entry.version === version && isHeld(entry));
  if (held !== undefined && here.retry !== version) {
    return { outcome: 'held', reason: `it failed here before (${held.message})`, downgrade };
  }
  if (here.by === 'timer' && here.settings.skipped_version === version) return { outcome: 'skipped', reason: describeSkipped(version), downgrade };
  const percent = manifest.rollout?.percent ?? 100;
  if (here.by === 'timer' && here.cohort >= percent) {
    return {
      outcome: 'waiting',
      reason: `${version} goes to ${String(percent)}% of devices for now, and this device is in group ${String(here.cohort)}`,
      downgrade,
    };
  }
  return {
    outcome: 'available',
    reason: downgrade ? describeDowngrade(here) : null,
    downgrade,
    automatic: notAutomatic({ version, downgrade }, here),
  };
}

/**
 * Whether the run goes on to download it: the owner's always does, the timer's unless something speaks against this release. By the
 * owner's setting a check grants the download, or does not: that is not asked again.
 */
export function isWanted(decision: Decision, by: Starter): boolean {
  if (decision.outcome !== 'available') return false;
  const { automatic } = decision;
  return by === 'owner' || automatic === null || automatic.until === 'fetch' || automatic.reason === 'setting';
}

/** What is said of a version that the owner passes over. */
export function describeSkipped(version: string): string {
  return `you chose to skip ${version}`;
}

/** Why something older is offered at all. */
export function describeDowngrade({ current, branch, installedBranch }: Pick<DecisionInputs, 'current' | 'branch' | 'installedBranch'>): string {
  const from = installedBranch === null || installedBranch === branch ? '' : ` from the branch '${installedBranch}'`;
  return `it is older than ${current ?? 'nothing'}, which is installed${from}`;
}

/** Whether something else has to be installed before the release. */
function isTooOld({ requires }: Manifest, current: string | null): boolean {
  return requires.min_version !== undefined && current !== null && compareVersions(current, requires.min_version) < 0;
}

/** Whether an earlier release may be for this device where this one is not: it needs another before it, or is for other devices. */
export function isBeyond(manifest: Manifest, { current, arch }: Pick<DecisionInputs, 'current' | 'arch'>): boolean {
  return isTooOld(manifest, current) || !isForArch(manifest.requires.arch, arch);
}

/** Whether a release that names these is for a device of this architecture. */
export function isForArch(names: readonly string[] | undefined, arch: string): boolean {
  return names === undefined || names.some((name) => archMatches(name, arch));
}

const A_MISTAKE = 'this is a mistake in the release: report it to its publisher; nothing was changed';

/** Why a release cannot be installed on this device at all, or null. */
export function incompatibility(manifest: Manifest, here: Pick<DecisionInputs, 'current' | 'arch' | 'config' | 'signed'>): Obstacle | null {
  const { requires, version, files, bundle } = manifest;
  const { limits } = here.config;
  if (isTooOld(manifest, here.current)) {
    const needed = requires.min_version ?? '';
    return {
      reason: `${version} needs ${needed} to be installed first, and ${here.current ?? 'nothing'} is installed`,
      hint: `install ${needed} first, if the source still has it; nothing was changed`,
    };
  }
  if (!isForArch(requires.arch, here.arch)) {
    return {
      reason: `${version} is for ${(requires.arch ?? []).join(', ')}, and this device is ${here.arch}`,
      hint: `wait for a release for ${here.arch}, or follow a branch that has one; nothing was changed`,
    };
  }
  if (files.length > limits.files) {
    return {
      reason: `${version} has ${String(files.length)} files, limits.files allows ${String(limits.files)}`,
      hint: allowFiles(files.length),
    };
  }
  if (bundle?.size !== undefined && bundle.size > limits.bundle_bytes) {
    return {
      reason: `the bundle of ${version} has ${formatBytes(bundle.size)}, limits.bundle_bytes allows ${formatBytes(limits.bundle_bytes)}`,
      hint: allowBundle(bundle.size),
    };
  }
  return targetProblem(manifest, here.config) ?? postInstallProblem(manifest, here);
}

function targetProblem(manifest: Manifest, config: Config): Obstacle | null {
  try {
    mapToDevice(
      manifest.files.map((file) => file.path),
      config.target,
    );
    return null;
  } catch (error) {
    const { message, hint } = toUpdateError(error);
    return { reason: message, hint: hint ?? A_MISTAKE };
  }
}

function postInstallProblem(manifest: Manifest, here: Pick<DecisionInputs, 'config' | 'signed'>): Obstacle | null {
  const { services, post_install } = here.config;
  for (const action of manifest.post_install) {
    if (action.kind === 'unknown') {
      return {
        reason: `it asks for the action ${action.text}, which this updater does not know`,
        hint: 'install a newer pikit-update, then check again',
      };
    }
    if (action.kind === 'restart' && !services.restart.includes(action.unit) && !services.allow.includes(action.unit)) {
      return {
        reason: `it asks to restart '${action.unit}', which services.restart and services.allow do not list`,
        hint: allowUnit(action.unit, services),
      };
    }
    if (action.kind === 'run') {
      if (!here.signed && !post_install.allow_unsigned) {
        return { reason: `it asks to run '${action.file}', but releases are not signed (post_install.allow_unsigned)`, hint: allowUnsigned() };
      }
      if (!manifest.files.some((file) => file.path === action.file)) {
        return { reason: `it asks to run '${action.file}', which is not a file of the release`, hint: A_MISTAKE };
      }
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
