/** Which earlier releases of a branch devices may still be sent to, and so need their bundles. Pure. */
import { isForArch } from '../../core/offer/decide.ts';
import type { ListedRelease } from '../../core/release/release-list.ts';
import { compareVersions } from '../../core/release/version.ts';

type Demands = Pick<ListedRelease, 'version' | 'min_version' | 'arch'>;

/**
 * Whether some device takes `earlier` that cannot take what the branch offers: because that needs a higher version first, or is
 * for other devices. Which of several it takes is its own choice (lib/steps/source/installable-release.ts): one that failed there is passed over.
 */
export function isSteppingStone(earlier: Demands, offered: Demands): boolean {
  if (compareVersions(earlier.version, offered.version) >= 0) return false;
  return needsMore(offered.min_version, earlier.min_version) || !coversArch(offered.arch, earlier.arch);
}

function needsMore(offered: string | undefined, earlier: string | undefined): boolean {
  return offered !== undefined && (earlier === undefined || compareVersions(earlier, offered) < 0);
}

function coversArch(offered: readonly string[] | undefined, earlier: readonly string[] | undefined): boolean {
  if (offered === undefined || offered.includes('all')) return true;
  return earlier !== undefined && earlier.every((name) => offered.includes(name) || isForArch(offered, name));
}
