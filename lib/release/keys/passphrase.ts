/**
 * The passphrase of keys: from the environment where there is one, else asked on the terminal, hidden. One question serves all keys
 * of a run. Never on the command line, which every user of a machine can see.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { UpdateError } from '../../core/errors.ts';

const PASSPHRASE_VARIABLE = 'PIKIT_KEY_PASSPHRASE';
/** Shorter ones are guessed in minutes. */
const LEAST_CHARACTERS = 8;

/** Asks a person, and shows nothing of the answer. */
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

/** The terminal that this process belongs to, or null. What is typed there is not shown, and not kept by the terminal. */
export function secretTerminal(): SecretTerminal | null {
  const fd = openTty();
  if (fd === null) return null;
  return {
    ask: (question) => {
      fs.writeSync(fd, question);
      stty(fd, '-echo');
      try {
        return readLine(fd);
      } finally {
        stty(fd, 'echo');
        fs.writeSync(fd, '\n');
      }
    },
  };
}

function openTty(): number | null {
  try {
    return fs.openSync('/dev/tty', 'r+');
  } catch {
    // Safe to ignore: a process of cron or of a pipeline has none, and callers say so.
    return null;
  }
}

function stty(fd: number, mode: 'echo' | '-echo'): void {
  const { status } = spawnSync('stty', [mode], { stdio: [fd, 'ignore', 'ignore'] });
  if (status !== 0)
    throw new UpdateError('IO_ERROR', `the terminal cannot be set to '${mode}'`, { hint: `use the environment: ${PASSPHRASE_VARIABLE}` });
}

function readLine(fd: number): string {
  const byte = Buffer.alloc(1);
  const line: number[] = [];
  for (;;) {
    let read: number;
    try {
      read = fs.readSync(fd, byte);
    } catch (error) {
      throw new UpdateError('CANCELLED', 'cancelled while asking for a passphrase', { cause: error });
    }
    if (read === 0 || byte[0] === 0x0a || byte[0] === 0x0d) return Buffer.from(line).toString();
    line.push(byte[0] ?? 0);
  }
}
