/**
 * Keys that are held elsewhere: a hardware token, a service for keys, an agent. A command of the owner gets the bytes to sign on its
 * standard input and PIKIT_KEY_FINGERPRINT, PIKIT_KEY_PUBLIC (hex) and PIKIT_KEY_ROLE in its environment, and answers on its standard
 * output with the signature: 64 raw bytes, or those as hex or base64. What it writes to standard error is seen by the person who runs
 * it. It is run without a shell, and its answer is verified before it is used.
 */
import { spawnSync } from 'node:child_process';
import { verify } from 'node:crypto';
import { UpdateError, errnoOf } from '../../core/errors.ts';
import type { PublicKey } from './public-key.ts';
import { describeKey, verifyingKey } from './public-key.ts';

/** A person may have to find a token and touch it. */
const TIMEOUT_MS = 120_000;
const SIGNATURE_BYTES = 64;
/** What this program signs, publishes and unlocks keys with is not for others to see. */
const SECRETS: readonly string[] = ['PIKIT_KEY_PASSPHRASE', 'PIKIT_KEYS', 'PIKIT_RELEASE_TOKEN'];

export interface SignRequest {
  key: PublicKey;
  /** The role that is signed for: root, targets, snapshot, timestamp or branch-NAME. */
  role: string;
  bytes: Uint8Array;
}

/** The words of a command line: blanks part them; '…' and "…" keep them together; \ stands for the next character. Throws USAGE. */
export function commandWords(text: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '\\' && quote !== "'") {
      at += 1;
      word = (word ?? '') + text.charAt(at);
    } else if (quote !== null) {
      if (character === quote) quote = null;
      else word = (word ?? '') + character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? '') + character;
  }
  if (quote !== null) throw new UpdateError('USAGE', `--sign-with has a quotation mark (${quote}) that is not closed`);
  if (word !== null) words.push(word);
  if (words.length === 0) throw new UpdateError('USAGE', '--sign-with names no command');
  return words;
}

/** Has a command sign, without the secrets of this program in its environment. Throws KEY_MISSING when it cannot be run or ends with another status than 0, KEY_INVALID for a wrong answer. */
export function signWith(
  words: readonly string[],
  { key, role, bytes }: SignRequest,
  env: Readonly<Record<string, string | undefined>>,
  timeoutMs = TIMEOUT_MS,
): Buffer {
  const [program = '', ...args] = words;
  const answer = spawnSync(program, args, {
    input: bytes,
    env: { ...withoutSecrets(env), PIKIT_KEY_FINGERPRINT: key.fingerprint, PIKIT_KEY_PUBLIC: key.publicHex, PIKIT_KEY_ROLE: role },
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024,
  });
  const failed = (why: string): UpdateError =>
    new UpdateError('KEY_MISSING', `'${program}' of --sign-with did not sign '${role}' with ${describeKey(key)}: ${why}`, {
      hint: 'the command gets the bytes on standard input, PIKIT_KEY_FINGERPRINT and PIKIT_KEY_ROLE in its environment, and writes the signature to standard output',
    });
  const errno = errnoOf(answer.error);
  // One that has ended without reading its input says why by its status.
  if (answer.error !== undefined && (errno !== 'EPIPE' || answer.status === null)) {
    throw failed(
      errno === 'ETIMEDOUT' ? `it was still running after ${String(timeoutMs / 1000)} s` : `it cannot be run (${errno ?? answer.error.message})`,
    );
  }
  if (answer.status !== 0)
    throw failed(answer.signal === null ? `it ended with status ${String(answer.status)}` : `it was ended by ${answer.signal}`);
  const signature = signatureOf(answer.stdout);
  if (signature === null) {
    throw new UpdateError('KEY_INVALID', `'${program}' of --sign-with answered with ${String(answer.stdout.length)} bytes that are no signature`, {
      hint: 'an ed25519 signature has 64 bytes, raw or as hex or base64',
    });
  }
  if (!verify(null, bytes, verifyingKey(key.publicHex), signature)) {
    throw new UpdateError('KEY_INVALID', `'${program}' of --sign-with gave a signature of '${role}' that ${describeKey(key)} did not make`, {
      hint: 'it has to sign the bytes of its standard input as they are (openssl pkeyutl -sign -rawin), with the key of PIKIT_KEY_FINGERPRINT',
    });
  }
  return signature;
}

function withoutSecrets(env: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !SECRETS.includes(name)));
}

function signatureOf(answer: Buffer): Buffer | null {
  if (answer.length === SIGNATURE_BYTES) return answer;
  const text = answer.toString('latin1').replaceAll(/\s/g, '');
  if (/^[0-9a-fA-F]{128}$/.test(text)) return Buffer.from(text, 'hex');
  if (/^[A-Za-z0-9+/_-]{86}(?:==)?$/.test(text)) return Buffer.from(text, 'base64');
  return null;
}
