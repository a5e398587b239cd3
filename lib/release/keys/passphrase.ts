/**
 * The passphrase of keys: from the environment where there is one, else asked on the terminal, hidden. One question serves all keys
 * of a run. Never on the command line, which every user of a machine can see.
 */
import { UpdateError } from '../../core/errors.ts';

export const PASSPHRASE_VARIABLE = 'PIKIT_KEY_PASSPHRASE';
/** Shorter ones are guessed in minutes. */
const LEAST_CHARACTERS = 8;

/** Asks a person, and shows nothing of the answer. Throws CANCELLED when the question is left without one. */
export interface SecretTerminal {
  ask: (question: string) => string;
}

export interface Passphrases {
  /** For keys that are there. `again`: the one before did not open this key. Null: there is no other one to try. Throws KEY_MISSING. */
  toOpen: (what: string, again: boolean) => string | null;
  /** For keys that are made now, asked twice. Throws KEY_MISSING without a terminal, KEY_INVALID for one that is too short. */
  toMake: () => string;
}

/** `openTerminal` is called when a person has to be asked; null where none can be. */
export function passphrases(env: Readonly<Record<string, string | undefined>>, openTerminal: () => SecretTerminal | null): Passphrases {
  const given = env[PASSPHRASE_VARIABLE];
  const terminalOr = (why: string): SecretTerminal => {
    const terminal = openTerminal();
    if (terminal !== null) return terminal;
    throw new UpdateError('KEY_MISSING', `${why}, and there is no terminal to ask for the passphrase`, {
      hint: `put it into the environment as ${PASSPHRASE_VARIABLE}`,
    });
  };
  let known: string | null = given === undefined || given === '' ? null : given;
  const isGiven = known !== null;
  return {
    toOpen: (what, again) => {
      if (known !== null && !again) return known;
      if (isGiven) return null;
      known = terminalOr(`${what} is encrypted`).ask(`passphrase of ${what}: `);
      return known;
    },
    toMake: () => {
      if (known !== null) return longEnough(known);
      const terminal = terminalOr('new keys are encrypted');
      const first = longEnough(terminal.ask('new passphrase for the keys: '));
      if (terminal.ask('the same again: ') !== first) throw new UpdateError('KEY_INVALID', 'the two passphrases differ', { hint: 'run it again' });
      known = first;
      return known;
    },
  };
}

function longEnough(passphrase: string): string {
  if (passphrase.length >= LEAST_CHARACTERS) return passphrase;
  throw new UpdateError('KEY_INVALID', `the passphrase has ${String(passphrase.length)} characters, ${String(LEAST_CHARACTERS)} are the least`, {
    hint: 'take a longer one, for example five words that a password manager chose',
  });
}
