/**
 * How far the timer goes with a release that is on offer, and why no further. Decided here alone, and said here alone: check, fetch,
 * apply, plan, API and command line read it. What the owner starts by hand is not restricted by it.
 */
import type { Available, HeldVersion, NotAutomatic, Settings } from '../device/state.ts';

export interface AutomaticInputs {
  current: string | null;
  settings: Pick<Settings, 'auto'>;
  held: readonly HeldVersion[];
}

/** Null where the timer installs it, as far as can be known without a look at the files of the device. */
export function notAutomatic(
  { version, downgrade }: Pick<Available, 'version' | 'downgrade'>,
  { current, settings: { auto }, held }: AutomaticInputs,
): NotAutomatic | null {
  const bySetting = `automatic updates are set to '${auto}'`;
  if (auto === 'off' || auto === 'check') return left(version, 'check', 'setting', bySetting);
  if (downgrade) return left(version, 'check', 'downgrade', `it is older than ${current ?? 'what'}, which is installed`);
  const isLeft = held.some((entry) => entry.version === version && entry.reason === 'rolled-back');
  if (isLeft) return left(version, 'check', 'rolled-back', 'you rolled it back');
  return auto === 'download' ? left(version, 'fetch', 'setting', bySetting) : null;
}

/** What root decides once it has looked: the release would take the place of the owner's files. `files`: which, in words. */
export function withForeign(version: string, files: string): NotAutomatic {
  return left(version, 'fetch', 'foreign', `it would replace ${files}, which no release brought`, ' and keep your files');
}

function left(version: string, until: NotAutomatic['until'], reason: NotAutomatic['reason'], why: string, gain = ''): NotAutomatic {
  return { until, reason, message: `${version} will not be installed automatically because ${why}; run \`pikit-update apply\` to install it${gain}` };
}

/** What is on offer, with what the owner's choices and root's facts make of it now: they count at once, not from the next check on. */
export function withAutomatic(available: Available, here: AutomaticInputs): Available {
  if (available.outcome !== 'available') return available;
  // What only root can see stays as root has seen it, until the next check.
  const seen = available.automatic?.reason === 'foreign' ? available.automatic : null;
  return { ...available, automatic: notAutomatic(available, here) ?? seen };
}

/** What is worth a line wherever the release is shown: the owner's own setting is not. */
export function noticeOf(automatic: NotAutomatic | null | undefined): string | null {
  return automatic === null || automatic === undefined || automatic.reason === 'setting' ? null : automatic.message;
}
