/**
 * Whose certificates count for https: the authorities of Node, those of the system (/etc/ssl/certs), and those of `source.ca`.
 * Debian's Node goes by the system's already, others by a list of their own; one list of all of them would cost every check more
 * than the rest of it. So they are tried one after the other: a server that is known to the first, as almost all are, costs nothing.
 */
import { X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import type { SecureContext } from 'node:tls';
import { UpdateError, errnoOf } from '../../core/errors.ts';
import { isUnknownIssuer } from '../../core/network/network-errors.ts';
import { readPlain } from '../../transaction/files/plain-file.ts';

/** What Debian's ca-certificates writes: all that the system trusts, in one file. */
const SYSTEM_FILE = '/etc/ssl/certs/ca-certificates.crt';
const MAX_BYTES = 8 * 1024 * 1024;
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

export interface Trust {
  /**
   * Does what needs a trusted connection, with one set of authorities after the other for as long as they do not know the one of
   * the server; null is Node's own set. What worked comes first the next time. Throws the last failure.
   */
  within: <T>(act: (authorities: SecureContext | null) => Promise<T>) => Promise<T>;
}

/** Throws CONFIG_INVALID when the file of `source.ca` is not there, or holds no certificates. */
export function trustStore(own: { root: string; file: string } | null, env: Readonly<Record<string, string | undefined>>): Trust {
  const ownPem = own === null ? [] : readOwn(own);
  const sets = [() => ownPem, () => null, () => systemPem(env['SSL_CERT_FILE'])];
  /** What was made of each; undefined where there is nothing in it. */
  const made = new Map<number, SecureContext | null | undefined>();
  let best = 0;
  const authoritiesAt = async (at: number): Promise<SecureContext | null | undefined> => {
    if (!made.has(at)) made.set(at, await contextOf((await sets[at]?.()) ?? null));
    return made.get(at);
  };
  return {
    within: async (act) => {
      let failure: unknown = null;
      for (const at of [best, ...sets.keys()].filter((n, index, all) => all.indexOf(n) === index)) {
        const authorities = await authoritiesAt(at);
        if (authorities === undefined) continue;
        try {
          const done = await act(authorities);
          best = at;
          return done;
        } catch (error) {
          if (!isUnknownIssuer(error)) throw error;
          failure = error;
        }
      }
      throw failure;
    },
  };
}

async function contextOf(pem: readonly string[] | null): Promise<SecureContext | null | undefined> {
  if (pem === null) return null;
  if (pem.length === 0) return undefined;
  return (await import('node:tls')).createSecureContext({ ca: [...pem] });
}

/** What the system trusts and Node does not. */
async function systemPem(file = SYSTEM_FILE): Promise<string[]> {
  const { rootCertificates } = await import('node:tls');
  const known = new Set(rootCertificates.map(bare));
  return certificatesIn(file).filter((pem) => !known.has(bare(pem)) && isCertificate(pem));
}

function certificatesIn(file: string): readonly string[] {
  try {
    const read = readPlain(file, { maxBytes: MAX_BYTES, throughLinks: true });
    return read.is === 'there' ? (read.bytes.toString('latin1').match(PEM) ?? []) : [];
  } catch {
    // Safe to ignore: an unreadable store adds no trust.
    return [];
  }
}

function bare(pem: string): string {
  return pem.replaceAll(/\s/g, '');
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    // Safe to ignore: one of many, and damaged.
    return false;
  }
}

/** The file may be named as it is on this machine, or as it is on the device that PIKIT_ROOT names. */
function readOwn({ root, file }: { root: string; file: string }): string[] {
  const path = [join(root, file), file].find((candidate) => fs.existsSync(candidate)) ?? file;
  const refuse = (why: string, cause?: unknown): UpdateError =>
    new UpdateError('CONFIG_INVALID', `'source.ca' is "${file}": ${why}`, {
      hint: 'name a file with the certificate of your authority as PEM (-----BEGIN CERTIFICATE-----), readable by all users',
      cause,
    });
  let text: string;
  try {
    const read = readPlain(path, { maxBytes: MAX_BYTES, throughLinks: true });
    if (read.is === 'absent') throw refuse('it is not there');
    if (read.is === 'odd') throw refuse(`it ${read.why}`);
    text = read.bytes.toString('latin1');
  } catch (error) {
    throw error instanceof UpdateError ? error : refuse(`it cannot be read (${errnoOf(error) ?? 'unknown'})`, error);
  }
  const pem = text.match(PEM) ?? [];
  if (pem.length === 0) throw refuse('it holds no certificate in PEM');
  if (!pem.every(isCertificate)) throw refuse('it holds a certificate that is damaged');
  return pem;
}
