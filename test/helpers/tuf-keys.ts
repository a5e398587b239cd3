/** Keys for tests: the same for the same name on every run. */
import type { KeyObject } from 'node:crypto';
import { constants, createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';

/** A key as metadata has it. */
export interface KeyJson {
  keytype: string;
  scheme: string;
  keyval: Record<string, string>;
  [member: string]: unknown;
}

export interface TestKey {
  name: string;
  /** sha256 of the canonical JSON of the key. */
  id: string;
  json: KeyJson;
  /** The 32 bytes of an ed25519 key; empty for the others. */
  publicHex: string;
  privateKey: KeyObject;
  /** The signature of bytes, in hex. */
  sign: (bytes: Buffer) => string;
}

/** An ed25519 key whose seed is the digest of its name. */
export function testKey(name: string): TestKey {
  const seed = createHash('sha256').update(`key of ${name}`).digest();
  const privateKey = createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const publicHex = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
  const json = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: publicHex }, 'x-pikit-name': name };
  return { ...keyOf(name, json, privateKey), publicHex };
}

function keyOf(name: string, json: KeyJson, privateKey: KeyObject): TestKey {
  const bare = { keytype: json.keytype, keyval: json.keyval, scheme: json.scheme };
  const id = createHash('sha256').update(canonical(bare)).digest('hex');
  return { name, id, json, publicHex: '', privateKey, sign: (bytes) => sign(null, bytes, privateKey).toString('hex') };
}

/** A key of another kind, as repositories of other projects have it; a new one on each run. */
export function otherKey(name: string, kind: 'rsa' | 'ecdsa'): TestKey {
  const { publicKey, privateKey } =
    kind === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const scheme = kind === 'rsa' ? 'rsassa-pss-sha256' : 'ecdsa-sha2-nistp256';
  const key = keyOf(name, { keytype: kind, scheme, keyval: { public: publicKey.export({ format: 'pem', type: 'spki' }).toString() } }, privateKey);
  const options = kind === 'rsa' ? { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : privateKey;
  return { ...key, sign: (bytes) => sign('sha256', bytes, options).toString('hex') };
}

/** Canonical JSON, as TUF signs it: members in order, no blanks, and nothing escaped but quotes and backslashes. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'string') return `"${value.replaceAll(/[\\"]/g, '\\$&')}"`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${canonical(name)}:${canonical(member)}`)
    .join(',')}}`;
}
