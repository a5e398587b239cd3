/** The keys that are at hand for one run: files of a folder, PEMs of the environment or of a descriptor, and a command that signs. */
import type { KeyObject } from 'node:crypto';
import { sign } from 'node:crypto';
import { UpdateError } from '../../core/errors.ts';
import type { KeyFile } from './key-folder.ts';
import { isEncrypted, openPrivateKey } from './key-folder.ts';
import type { Passphrases } from './passphrase.ts';
import type { PublicKey } from './public-key.ts';
import { publicKeyOf } from './public-key.ts';
import type { SignRequest } from './sign-with.ts';
import { signWith } from './sign-with.ts';

export interface KeyRing {
  /** `there`: its private half is here; `elsewhere`: the command may have it. Null: it cannot sign now. */
  at: (key: PublicKey) => 'there' | 'elsewhere' | null;
  /** Opens the private half, which may ask for a passphrase: to be done before anything is written. Throws KEY_INVALID, KEY_MISSING. */
  unlock: (key: PublicKey) => void;
  /** Throws KEY_MISSING when the key cannot sign now, KEY_INVALID when its answer is wrong. */
  sign: (request: SignRequest) => Buffer;
  /** Where the private halves are that are known to be here, by their public ones in hex. */
  places: () => ReadonlyMap<string, string>;
}

export interface KeySources {
  files: readonly KeyFile[];
  /** PEMs one after the other, from the environment or a descriptor; `what` names that in messages. */
  texts: readonly { what: string; text: string }[];
  /** Words of a command, or null. */
  command: readonly string[] | null;
  passphrases: Passphrases;
  env: Readonly<Record<string, string | undefined>>;
}

interface Held {
  what: string;
  place: string;
  name: string | null;
  pem: string;
  public: PublicKey | null;
  opened: KeyObject | null;
}

const PEM = /-----BEGIN (?:ENCRYPTED )?PRIVATE KEY-----[^-]+-----END (?:ENCRYPTED )?PRIVATE KEY-----/g;
const TRIES = 3;

/** Gathers the keys; none is decrypted yet. Throws KEY_INVALID for a text without a key. */
export function openKeyRing({ files, texts, command, passphrases, env }: KeySources): KeyRing {
  const held: Held[] = [
    ...files.map((file) => ({ what: `the key '${file.path}'`, place: file.path, name: file.name, pem: file.pem, public: file.public, opened: null })),
    ...texts.flatMap(({ what, text }) => blocksOf(text, what)),
  ];
  const open = (one: Held): KeyObject => {
    one.opened ??= opened(one, passphrases);
    one.public ??= publicKeyOf(one.opened, one.what, one.name);
    return one.opened;
  };
  const find = (key: PublicKey): Held | null => {
    const known = held.find((one) => one.public?.publicHex === key.publicHex);
    if (known !== undefined) return known;
    // Those of which the public half is not known have to be opened to know it.
    return held.filter((one) => one.public === null).find((one) => (open(one), one.public?.publicHex === key.publicHex)) ?? null;
  };
  return {
    at: (key) => (find(key) === null ? (command === null ? null : 'elsewhere') : 'there'),
    unlock: (key) => {
      const one = find(key);
      if (one === null) return;
      const really = publicKeyOf(open(one), one.what, one.name);
      if (really.publicHex === key.publicHex) return;
      throw new UpdateError('KEY_INVALID', `${one.what} is not the key of which the public half is beside it: it is ${really.fingerprint}`, {
        hint: 'one of the two files was replaced: write the public half anew with `openssl pkey -in KEY -pubout`',
      });
    },
    sign: ({ key, role, bytes }) => {
      const one = find(key);
      if (one !== null) return sign(null, bytes, open(one));
      if (command !== null) return signWith(command, { key, role, bytes }, env);
      throw new UpdateError('KEY_MISSING', `the key ${key.fingerprint} is not at hand`);
    },
    places: () => new Map(held.flatMap((one) => (one.public === null ? [] : [[one.public.publicHex, one.place] as const]))),
  };
}

function blocksOf(text: string, what: string): Held[] {
  const found = text.match(PEM) ?? [];
  if (found.length === 0) {
    throw new UpdateError('KEY_INVALID', `${what} has no private key as PEM (PKCS#8)`, {
      hint: 'it takes what is in the .pem files of the keys, one after the other',
    });
  }
  return found.map((pem, index) => {
    const one: Held = {
      place: what,
      what: found.length === 1 ? what : `key ${String(index + 1)} of ${what}`,
      name: null,
      pem: `${pem}\n`,
      public: null,
      opened: null,
    };
    if (!isEncrypted(pem)) {
      one.opened = openPrivateKey(one.pem, one.what, null);
      one.public = publicKeyOf(one.opened, one.what, null);
    }
    return one;
  });
}

function opened({ pem, what }: Held, passphrases: Passphrases): KeyObject {
  if (!isEncrypted(pem)) return openPrivateKey(pem, what, null);
  for (let attempt = 1; ; attempt += 1) {
    const passphrase = passphrases.toOpen(what, attempt > 1);
    try {
      return openPrivateKey(pem, what, passphrase ?? '');
    } catch (error) {
      // One passphrase from the environment is all there is; a person may mistype.
      if (attempt >= TRIES || passphrase === null) throw error;
    }
  }
}
