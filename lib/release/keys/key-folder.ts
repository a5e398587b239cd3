/**
 * The folder of the keys of a site, apart from the site, which is public: `<name>.pem` is a key (PKCS#8, encrypted by a passphrase;
 * `openssl pkey -in` reads it), `<name>.pub.pem` its public half, and `root.json` the root of trust that its owner made or has agreed
 * to last. The folder is its owner's alone (0700), and so is each file (0600). No file of a key is ever written over.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { UpdateError } from '../../core/errors.ts';
import { lstatOrNull, writeDurable } from '../../transaction/files/durable.ts';
import { mkdirDurable } from '../../transaction/files/directories.ts';
import type { PublicKey } from './public-key.ts';
import { publicKeyOf, publicPem } from './public-key.ts';

/** A key file: what is known without its passphrase. */
export interface KeyFile {
  name: string;
  path: string;
  pem: string;
  /** Null where its public half is not beside it. */
  public: PublicKey | null;
}

/** Of the folder: the root of trust as its owner knows it. */
export const OWN_ROOT_NAME = 'root.json';
const MAX_BYTES = 64 * 1024;
const KEY_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$/;

/** Where the keys of a site are unless `--keys` says something else. */
export function keysFolderOf(site: string): string {
  return `${site.replace(/\/+$/, '')}-keys`;
}

/** The keys in a folder, in order; none where there is no folder. Throws KEY_INVALID for a public half that is none. */
export function readKeyFolder(folder: string): KeyFile[] {
  if (lstatOrNull(folder) === null) return [];
  const names = fs.readdirSync(folder).filter((name) => name.endsWith('.pem') && !name.endsWith('.pub.pem'));
  return names.toSorted().map((file) => {
    const name = file.slice(0, -'.pem'.length);
    const half = join(folder, `${name}.pub.pem`);
    const path = join(folder, file);
    return { name, path, pem: readText(path), public: lstatOrNull(half) === null ? null : readPublicKey(half, name) };
  });
}

/** The public key in a PEM file; a private one that is not encrypted has it as well. Throws KEY_INVALID, naming the file. */
export function readPublicKey(path: string, name: string | null): PublicKey {
  const pem = readText(path);
  try {
    return publicKeyOf(createPublicKey(pem), `'${path}'`, name);
  } catch (error) {
    if (error instanceof UpdateError) throw error;
    throw new UpdateError('KEY_INVALID', `'${path}' is not a public key as PEM (-----BEGIN PUBLIC KEY-----)`, {
      cause: error,
      hint: 'the public half of a key is what `openssl pkey -in KEY -pubout` prints',
    });
  }
}

/** Whether a private key of that name is there. */
export function hasKeyFile(folder: string, name: string): boolean {
  return lstatOrNull(join(folder, `${name}.pem`)) !== null;
}

/**
 * Makes a key and keeps it in the folder: the private half first, then the public one, each complete and on disk. A null `passphrase`
 * leaves it unencrypted. Throws KEY_INVALID when a key of that name is there, and leaves it as it is.
 */
export function makeKey(folder: string, name: string, passphrase: string | null): PublicKey {
  if (!KEY_NAME.test(name))
    throw new UpdateError('USAGE', `'${name}' cannot be the name of a key`, { hint: 'a name has up to 80 of A-Z, a-z, 0-9, _ . and -' });
  if (hasKeyFile(folder, name)) {
    throw new UpdateError('KEY_INVALID', `there is a key '${name}' in '${folder}' already`, {
      hint: 'a key is never written over: choose another name',
    });
  }
  makeKeysFolder(folder);
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem', ...(passphrase === null ? {} : { cipher: 'aes-256-cbc', passphrase }) });
  writeDurable(join(folder, `${name}.pem`), pem, { mode: 0o600 });
  const key = publicKeyOf(privateKey, `'${name}'`, name);
  writePublicHalf(folder, key, name);
  return key;
}

/** The public half beside a key: what a run that was interrupted has left undone. */
export function writePublicHalf(folder: string, { publicHex }: Pick<PublicKey, 'publicHex'>, name: string): void {
  writeDurable(join(folder, `${name}.pub.pem`), publicPem(publicHex), { mode: 0o600 });
}

/** Makes the folder. Throws PERMISSION for one that other users can read. */
export function makeKeysFolder(folder: string): void {
  mkdirDurable(folder, 0o700);
  assertPrivate(folder);
}

/** Throws PERMISSION when other users can get at a folder with keys. */
function assertPrivate(folder: string): void {
  const mode = fs.statSync(folder).mode & 0o077;
  if (mode === 0) return;
  throw new UpdateError(
    'PERMISSION',
    `the folder of the keys '${folder}' is open to other users (mode ${(fs.statSync(folder).mode & 0o777).toString(8)})`,
    {
      hint: `close it with: chmod 700 ${folder}`,
    },
  );
}

/** The root of trust that the owner of the keys knows, or null. */
export function readOwnRoot(folder: string): Buffer | null {
  const path = join(folder, OWN_ROOT_NAME);
  return lstatOrNull(path) === null ? null : fs.readFileSync(path);
}

/** Opens a private key. Throws KEY_INVALID naming `what`, for a wrong passphrase with `isLocked` as its cause's absence. */
export function openPrivateKey(pem: string, what: string, passphrase: string | null): ReturnType<typeof createPrivateKey> {
  try {
    return createPrivateKey(passphrase === null ? pem : { key: pem, passphrase });
  } catch (error) {
    throw new UpdateError(
      'KEY_INVALID',
      passphrase === null
        ? `${what} is not a private key as PEM (PKCS#8)`
        : `${what} cannot be decrypted: the passphrase is another one, or the file is damaged`,
      { cause: error, hint: passphrase === null ? 'look at it with: openssl pkey -noout -in FILE' : 'try it with: openssl pkey -noout -in FILE' },
    );
  }
}

/** Whether a passphrase is needed to open it. */
export function isEncrypted(pem: string): boolean {
  return pem.includes('ENCRYPTED');
}

function readText(path: string): string {
  try {
    const { size } = fs.statSync(path);
    if (size > MAX_BYTES) throw new UpdateError('KEY_INVALID', `'${path}' has ${String(size)} bytes, which no key has`);
    return fs.readFileSync(path, 'latin1');
  } catch (error) {
    if (error instanceof UpdateError) throw error;
    throw new UpdateError('KEY_INVALID', `the key '${path}' cannot be read`, { cause: error });
  }
}
