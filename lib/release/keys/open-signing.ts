/** Who signs in this run, from what the command line and the environment give. */
import fs from 'node:fs';
import { UpdateError } from '../../core/errors.ts';
import { lstatOrNull } from '../../transaction/files/durable.ts';
import { keysFolderOf, readKeyFolder, readOwnRoot } from './key-folder.ts';
import type { KeyRing } from './key-ring.ts';
import { openKeyRing } from './key-ring.ts';
import type { Passphrases } from './passphrase.ts';
import { commandWords } from './sign-with.ts';
import { isSigned } from '../site/site.ts';
import type { Signing } from '../trust/sign-role.ts';

const KEYS_VARIABLE = 'PIKIT_KEYS';

/** As the options of every command that signs give it. */
export interface KeyOptions {
  /** Null: the folder beside the site, if there is one. */
  keys: string | null;
  fd: number | null;
  command: string | null;
}

export interface SigningSurroundings {
  env: Readonly<Record<string, string | undefined>>;
  /** Of what is signed. */
  at: Date;
  passphrases: Passphrases;
}

/** Null for an unsigned site. Throws KEY_MISSING for a folder that is not there, KEY_INVALID for keys that cannot be read, USAGE. */
export function openSigning(site: string, options: KeyOptions, around: SigningSurroundings): Signing | null {
  return isSigned(site) ? openKeys(site, options, around) : null;
}

/** The same, whether or not the site is signed yet. */
export function openKeys(site: string, options: KeyOptions, around: SigningSurroundings): Signing {
  const { keys } = options;
  const folder = keys ?? keysFolderOf(site);
  if (keys !== null && lstatOrNull(keys) === null) {
    throw new UpdateError('KEY_MISSING', `there is no folder '${keys}' with keys`, { hint: 'look where the keys are: check --keys' });
  }
  const isThere = lstatOrNull(folder) !== null;
  const ring = ringOf(folder, options, around);
  return { ring, at: around.at, trustedRoot: isThere ? readOwnRoot(folder) : null, keysFolder: isThere ? folder : null };
}

/** The keys of a folder, which need not be there, and those that are given in other ways. */
export function ringOf(folder: string, { fd, command }: KeyOptions, { env, passphrases }: SigningSurroundings): KeyRing {
  const given = env[KEYS_VARIABLE];
  const texts = [
    ...(given === undefined || given === '' ? [] : [{ what: `the environment (${KEYS_VARIABLE})`, text: given }]),
    ...(fd === null ? [] : [{ what: `descriptor ${String(fd)} (--key-fd)`, text: readDescriptor(fd) }]),
  ];
  const words = command === null ? null : commandWords(command);
  return openKeyRing({ files: readKeyFolder(folder), texts, command: words, passphrases, env });
}

function readDescriptor(fd: number): string {
  try {
    return fs.readFileSync(fd, 'latin1');
  } catch (error) {
    throw new UpdateError('KEY_MISSING', `no key can be read from descriptor ${String(fd)} (--key-fd)`, {
      cause: error,
      hint: 'for example: pikit-release … --key-fd 3 3<KEYS.pem',
    });
  }
}
