/** What signing needs of the place where pikit-release runs. */
import type { SecretTerminal } from '../keys/passphrase.ts';
import { passphrases } from '../keys/passphrase.ts';
import type { SigningSurroundings } from '../keys/open-signing.ts';
import type { BuildEnvironment } from '../cli/options.ts';
import { releaseTime } from '../cli/options.ts';

export interface KeySurroundings extends BuildEnvironment {
  /** The terminal on which passphrases can be asked for; null where there is none. */
  terminal?: () => SecretTerminal | null;
}

/** Signatures have the time of the release (SOURCE_DATE_EPOCH), so that the same site can be made twice. Throws USAGE. */
export function signingSurroundings({ env, now, terminal }: KeySurroundings): SigningSurroundings {
  return { env, at: releaseTime({ env, now }), passphrases: passphrases(env, terminal ?? (() => null)) };
}
