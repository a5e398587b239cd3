/** The commands of signed sites: refresh, sign, prune and key. */
import { join } from 'node:path';
import { UpdateError } from '../../core/errors.ts';
import { counted } from '../../core/quantities.ts';
import { keysFolderOf } from '../keys/key-folder.ts';
import { withSiteLock } from '../site/site-lock.ts';
import { isSigned, openSite } from '../site/site.ts';
import { keysOfFiles } from '../trust/branch-keys.ts';
import type { KeysChanged } from '../trust/change-keys.ts';
import { changeKeys, hasKey, signPendingRoot, withKeys, withOtherKeys, withoutKey } from '../trust/change-keys.ts';
import { listKeys } from '../trust/list-keys.ts';
import { freshKey } from '../trust/new-trust.ts';
import type { KeptKey } from '../trust/new-trust.ts';
import { openKeys } from '../keys/open-signing.ts';
import { pruneSite, refreshSite, signAll } from '../trust/refresh.ts';
import type { KeySurroundings } from './key-surroundings.ts';
import { signingSurroundings } from './key-surroundings.ts';
import type { CommandDone } from '../cli/run-init.ts';
import { describeKeys, describeMade, keysJson, signingAnew } from '../cli/run-init.ts';
import type { KeyCommand, TrustCommand } from './trust-arguments.ts';
import { describeKeysChanged, describeRenewed, describeRoles, describeRootSigned } from './trust-text.ts';

/** Throws what the command throws; SITE_INVALID for an unsigned site. */
export function runTrust(command: TrustCommand, deps: KeySurroundings): CommandDone {
  switch (command.name) {
    case 'sign':
      return runSign(command, deps);
    case 'refresh': {
      assertSigned(command.site);
      // A renewal is of now, whatever the time of the release is.
      const at = { ...signingSurroundings(deps), at: deps.now };
      const renewed = refreshSite(command.site, command.days, openKeys(command.site, command.keys, at));
      return { value: renewed, text: describeRenewed(command.site, renewed), notices: renewed.notices };
    }
    case 'prune': {
      assertSigned(command.site);
      const removed = pruneSite(command.site);
      return {
        value: { removed },
        text: removed.length === 0 ? 'there was nothing to remove\n' : removed.map((path) => `removed ${path}\n`).join(''),
        notices: [],
      };
    }
    case 'key list': {
      assertSigned(command.site);
      const roles = listKeys(command.site, openKeys(command.site, command.keys, signingSurroundings(deps)));
      return { value: { roles }, text: describeRoles(roles), notices: [] };
    }
    case 'key add':
    case 'key rotate':
    case 'key revoke':
      return runKeyChange(command, deps);
    case 'key sign': {
      const { site, file } = command;
      if (site !== null) assertSigned(site);
      if (
        site === null &&
        command.keys.keys === null &&
        command.keys.fd === null &&
        command.keys.command === null &&
        deps.env['PIKIT_KEYS'] === undefined
      )
        throw new UpdateError('USAGE', 'key sign was not told where your keys are', { hint: 'give --keys DIR' });
      const signed = signPendingRoot(file, site, openKeys(site ?? file, command.keys, signingSurroundings(deps)));
      return { value: signed, text: describeRootSigned(file, signed), notices: signed.notices };
    }
    default:
      return command satisfies never;
  }
}

function runSign(command: Extract<TrustCommand, { name: 'sign' }>, deps: KeySurroundings): CommandDone {
  const { site, keys } = command;
  openSite(site);
  if (isSigned(site)) {
    const { signed, notices } = signAll(site, openKeys(site, keys, signingSurroundings(deps)));
    const text = signed.length === 0 ? `all of '${site}' is signed already\n` : `signed ${signed.join(', ')}\n`;
    return { value: { site, signed }, text, notices };
  }
  const anew = signingAnew(command, deps);
  anew.prepare();
  withSiteLock(site, () => {
    anew.sign(new Map());
  });
  return { value: { site, ...keysJson(anew.made) }, text: `signed the site '${site}': publish it\n${describeKeys(anew.made)}`, notices: [] };
}

function runKeyChange(command: KeyCommand, deps: KeySurroundings): CommandDone {
  const { site, role, keys, old, threshold } = command;
  assertSigned(site);
  const around = signingSurroundings(deps);
  const folder = keys.keys ?? keysFolderOf(site);
  const given = keysOfFiles(command.files);
  const isNew = command.isNew && (old === null || hasKey(site, role, old));
  const made: KeptKey[] = isNew ? [freshKey(role, site, { folder, passphrases: around.passphrases, isEncrypted: command.isEncrypted })] : [];
  const added = [...given, ...made.map(({ key }) => key)];
  const changed: KeysChanged = changeKeys({
    site,
    role,
    signing: openKeys(site, keys, around),
    pending: command.pending ?? join(folder, 'tuf-pending'),
    change: (now) => {
      if (command.name === 'key add') return withKeys(now, added, threshold);
      return command.name === 'key rotate' ? withOtherKeys(now, old, added, threshold) : withoutKey(now, old ?? '', threshold);
    },
  });
  const newKeys = made.length === 0 ? '' : `${counted(made.length, 'key')} made:\n${describeMade(made)}`;
  return {
    value: { ...changed, made: made.map(({ path, key }) => ({ path, fingerprint: key.fingerprint })) },
    text: `${newKeys}${describeKeysChanged(site, changed)}`,
    notices: changed.notices,
  };
}

function assertSigned(site: string): void {
  openSite(site);
  if (isSigned(site)) return;
  throw new UpdateError('SITE_INVALID', `'${site}' is an unsigned site`, { hint: `make it a signed one with: pikit-release sign --site ${site}` });
}
