/** `pikit-release key list`: who may sign what. */
import { branchRole } from '../../core/trust/metadata-layout.ts';
import { openSite } from '../site/site.ts';
import { readSignedSite } from './read-signed-site.ts';
import { datedRoles } from './refresh.ts';
import type { Signing } from './sign-role.ts';
import { TOP_ROLES, defaultDays, keysOfRole } from './signed-site.ts';

export interface ListedRole {
  role: string;
  threshold: number;
  /** Null for a branch that nothing was signed for yet. */
  version: number | null;
  expires: Date | null;
  days: number;
  /** `at`: where its private half is; null where it is not here. */
  keys: { name: string | null; fingerprint: string; at: string | null }[];
}

/** Every role of a signed site with its keys. Throws what readSignedSite throws. */
export function listKeys(dir: string, signing: Signing): ListedRole[] {
  openSite(dir);
  const site = readSignedSite(dir, signing.trustedRoot);
  const dates = new Map(datedRoles(site));
  const here = signing.ring.places();
  const roles = [...TOP_ROLES, ...[...site.targets.delegations.keys()].map(branchRole)];
  return roles.map((role) => {
    const { keys, threshold } = keysOfRole(site, role) ?? { keys: [], threshold: 0 };
    const dated = dates.get(role);
    return {
      role,
      threshold,
      version: dated?.version ?? null,
      expires: dated?.expires ?? null,
      days: dated?.days ?? defaultDays(role),
      keys: keys.map(({ name, fingerprint, publicHex }) => ({ name, fingerprint, at: here.get(publicHex) ?? null })),
    };
  });
}
