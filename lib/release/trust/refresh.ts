/** `pikit-release refresh` and `sign`: what expires is signed anew, and what is not signed yet is signed. */
import { join } from 'node:path';
import { branchRole } from '../../core/trust/metadata-layout.ts';
import { withSiteLock } from '../site/site-lock.ts';
import { openSite, readIfThere } from '../site/site.ts';
import { pruneMetadata } from './metadata-files.ts';
import { readSignedSite } from './read-signed-site.ts';
import { proposeRoot } from './root-change.ts';
import type { Signing } from './sign-role.ts';
import { isAtHand } from './sign-role.ts';
import { signChange, unsignedDocuments } from './signing.ts';
import type { Dated, SignedSite } from './signed-site.ts';
import { TOP_ROLES, keysOfRole, newestRoot } from './signed-site.ts';

export interface Renewed {
  /** With their new dates. */
  roles: { role: string; expires: Date }[];
  notices: string[];
}

/**
 * Renews the snapshot and the timestamp, whatever `days` gives a new period, and all else that expires within a third of its period and of
 * which the keys are at hand; what expires soon without its keys is a notice. Throws KEY_MISSING, KEY_INVALID, BUSY; the site is as it was then.
 */
export function refreshSite(dir: string, days: ReadonlyMap<string, number>, signing: Signing): Renewed {
  openSite(dir);
  return withSiteLock(dir, () => {
    const site = readSignedSite(dir, signing.trustedRoot);
    const due = datedRoles(site).filter(([role, dated]) => !days.has(role) && isDue(dated, signing.at));
    const here = due.filter(([role]) => isHere(site, role, signing)).map(([role]) => role);
    const renew = new Set(['snapshot', 'timestamp', ...days.keys(), ...here]);
    const root = renew.has('root') ? proposeRoot(site, newestRoot(site).roles, signing, days.get('root')) : null;
    const isRootSigned = root !== null && root.lacks.length === 0;
    renew.delete('root');
    const told = signChange(dir, signing, { renew, days, ...(isRootSigned ? { root } : {}) }).write();
    const missing = due.filter(([role]) => !here.includes(role)).map(([role, { expires }]) => laterNotice(role, expires));
    const lacks = root === null || isRootSigned ? [] : [`'root' was not renewed: it lacks ${root.lacks.join('; ')}`];
    const after = readSignedSite(dir, signing.trustedRoot);
    const done = new Set([...renew, ...(isRootSigned ? ['root'] : [])]);
    const roles = datedRoles(after).flatMap(([role, { expires }]) => (done.has(role) ? [{ role, expires }] : []));
    return { roles, notices: [...told, ...missing, ...lacks] };
  });
}

/** Signs the documents that are not as they are signed; their names. Throws KEY_MISSING, KEY_INVALID, BUSY; nothing is signed then. */
export function signAll(dir: string, signing: Signing): { signed: string[]; notices: string[] } {
  openSite(dir);
  return withSiteLock(dir, () => {
    const signed = unsignedDocuments(dir, readSignedSite(dir, signing.trustedRoot));
    const documents = new Map(signed.map((name) => [name, readIfThere(join(dir, name))]));
    return { signed, notices: signChange(dir, signing, { documents }).write() };
  });
}

/** Removes metadata that no device asks for any more; the paths of what was there. Throws SITE_INVALID, BUSY. */
export function pruneSite(dir: string): string[] {
  openSite(dir);
  return withSiteLock(dir, () => pruneMetadata(dir));
}

/** Every role that has metadata. */
export function datedRoles(site: SignedSite): [string, Dated][] {
  return [
    ['root', newestRoot(site)],
    ['targets', site.targets],
    ...[...site.branches].map(([branch, dated]): [string, Dated] => [branchRole(branch), dated]),
    ['snapshot', site.snapshot],
    ['timestamp', site.timestamp],
  ];
}

function isDue({ expires, days }: Dated, at: Date): boolean {
  return expires.getTime() - at.getTime() < (days * 86_400_000) / 3;
}

function isHere(site: SignedSite, role: string, { ring }: Signing): boolean {
  const keys = keysOfRole(site, role);
  return keys !== null && isAtHand(ring, keys);
}

function laterNotice(role: string, expires: Date): string {
  const isTop = TOP_ROLES.some((name) => name === role);
  return `'${role}' is valid until ${expires.toISOString()}, and ${isTop ? 'its keys are' : 'the keys of the branch are'} not at hand: run \`pikit-release refresh\` with them before that`;
}
