/** One question before something that only its owner may decide. */
import { usage } from '../core/command-line/command-table.ts';
import type { CliDeps } from './deps.ts';
import { sayLine } from './say.ts';

interface Asking {
  question: string;
  /** Answered already, by an option. */
  yes: boolean;
  json: boolean;
  /** What to type where there is no terminal. */
  way: string;
}

/** Whether it was agreed to. Throws USAGE, with the way, where this is no terminal: silence is no consent. */
export async function agreedTo({ ask, terminal }: Pick<CliDeps, 'ask' | 'terminal'>, { question, yes, json, way }: Asking): Promise<boolean> {
  if (yes) return true;
  if (ask === null || json) throw usage('this asks you first, and there is no terminal to answer on', `${way}; nothing was changed`);
  if (await ask(`${question} [y/N] `)) return true;
  sayLine(terminal, 'nothing was changed');
  return false;
}
