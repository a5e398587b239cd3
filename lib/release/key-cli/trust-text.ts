/** What the commands of signed sites say on a terminal. */
import { counted } from '../../core/quantities.ts';
import { describeKey } from '../keys/public-key.ts';
import type { KeysChanged, RootSigned } from '../trust/change-keys.ts';
import type { ListedRole } from '../trust/list-keys.ts';
import type { Renewed } from '../trust/refresh.ts';

/** One line for each role, and below it one for each of its keys. */
export function describeRoles(roles: readonly ListedRole[]): string {
  return roles
    .map(({ role, threshold, version, expires, days, keys }) => {
      const dates =
        expires === null ? 'nothing signed yet' : `version ${String(version)}, valid until ${expires.toISOString()} (${counted(days, 'day')})`;
      const lines = keys.map(({ name, fingerprint, at }) => `  ${fingerprint}  ${name ?? '-'}${at === null ? '' : `  (here: ${at})`}\n`);
      return `${role}: ${String(threshold)} of ${counted(keys.length, 'key')}, ${dates}\n${lines.join('')}`;
    })
    .join('');
}

export function describeRenewed(site: string, { roles }: Renewed): string {
  const width = Math.max(0, ...roles.map(({ role }) => role.length));
  return `renewed the signatures of '${site}'\n${roles.map(({ role, expires }) => `  ${role.padEnd(width)}  valid until ${expires.toISOString()}\n`).join('')}`;
}

/** What became of a change of keys, and what is to be done next. */
export function describeKeysChanged(site: string, { roles, keys, root, waits }: KeysChanged): string {
  const who = keys.keys.map((key) => `  ${key.fingerprint}  ${key.name ?? '-'}\n`).join('');
  const what = `'${roles.join("' and '")}': ${String(keys.threshold)} of ${counted(keys.keys.length, 'key')}\n${who}`;
  if (waits !== null) {
    return (
      `${what}nothing has changed yet: the new root lacks ${waits.lacks.join('; ')}\n` +
      `it waits in '${waits.path}': send it to them, each signs it with: pikit-release key sign FILE --keys THEIRS\n` +
      `the last step, with all signatures: pikit-release key sign ${waits.path} --site ${site}\n`
    );
  }
  return `${what}${root === null ? '' : `the site has root ${String(root)} now: publish it\n`}`;
}

export function describeRootSigned(file: string, { version, signedNow, lacks, isInstalled }: RootSigned): string {
  const by = signedNow.length === 0 ? 'no further signature was needed' : `signed by ${signedNow.map(describeKey).join(', ')}`;
  if (isInstalled) return `root ${String(version)}: ${by}\nit is the root of the site now: publish it\n`;
  if (lacks.length > 0) return `root ${String(version)} in '${file}': ${by}\nit still lacks ${lacks.join('; ')}\n`;
  return `root ${String(version)} in '${file}': ${by}\nput it into effect with: pikit-release key sign ${file} --site DIR\n`;
}
