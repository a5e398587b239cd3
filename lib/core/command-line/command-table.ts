/**
 * One table describes the command line of a program: its commands, what each takes, and the texts that explain them. Parsing,
 * help and the question what was meant come from that table, so they cannot differ. A command of two words (`branch add`) is one
 * of a group; its name is the key of the table.
 */
import type { ParseArgsConfig } from 'node:util';
import { parseArgs } from 'node:util';
import { UpdateError } from '../errors.ts';
import { closestWord } from './closest-word.ts';

type ParsedOption = NonNullable<ParseArgsConfig['options']>[string];

/** An option as parseArgs of Node takes it, and what people are told of it. */
export interface OptionSpec extends ParsedOption {
  /** What stands for its value: `DIR`. */
  value?: string;
  required?: boolean;
  text: string;
}
export type Options = Readonly<Record<string, OptionSpec>>;

export interface Words {
  text: string;
  most: number;
  choices?: readonly string[];
}

export interface CommandSpec {
  summary: string;
  /** What a command takes before its options, as help shows it, and how many of it at most. */
  words?: Words;
  options: Options;
  /** Further lines of its help. */
  more?: readonly string[];
}

export interface Program<C extends Readonly<Record<string, CommandSpec>> = Readonly<Record<string, CommandSpec>>> {
  name: string;
  commands: C;
  /** Lines below the list of commands: exit codes, the environment. */
  end: readonly string[];
}

/** What a program answers by itself: a question about one command, a group of them, or all; and its version. */
export type Asked<N extends string> = { name: 'help'; of: N | null; group: string | null } | { name: 'version' };

export type ChosenCommand<N extends string> = Asked<N> | { name: 'command'; of: N; rest: string[] };

type Values<T extends Options> = ReturnType<typeof attempt<T>>['values'];
type RequiredValues<T extends Options> = { [K in keyof T as T[K] extends { required: true } ? K : never]: string };

/** A mistake on the command line: exit code 2. */
export function usage(message: string, hint: string, cause?: unknown): UpdateError {
  return new UpdateError('USAGE', message, { hint, cause });
}

/** Which command was typed. Throws USAGE that says what was probably meant. */
export function chooseCommand<C extends Readonly<Record<string, CommandSpec>>>(
  program: Program<C>,
  args: readonly string[],
): ChosenCommand<keyof C & string> {
  const [first, ...rest] = args;
  if (first === undefined)
    throw usage('no command was given', `commands are ${firstWords(program).join(', ')}; \`${program.name} --help\` explains them`);
  if (first === '--version') return { name: 'version' };
  if (first === '--help' || first === '-h' || first === 'help') return rest.length === 0 ? helpOf(null) : explain(program, rest);
  const name = nameOf(program, [first]);
  if (name !== null) return wantsHelp(rest) ? helpOf(name) : { name: 'command', of: name, rest };
  const verbs = verbsOf(program, first);
  if (verbs.length === 0) throw unknownCommand(program, first);
  const [second, ...more] = rest;
  const full = second === undefined ? null : nameOf(program, [first, second]);
  if (full !== null) return wantsHelp(more) ? helpOf(full) : { name: 'command', of: full, rest: more };
  if (wantsHelp(rest)) return { name: 'help', of: null, group: first };
  throw unknownVerb(first, second, verbs);
}

function explain<C extends Readonly<Record<string, CommandSpec>>>(
  program: Program<C>,
  [first = '', second]: readonly string[],
): ChosenCommand<keyof C & string> {
  const name = nameOf(program, [first]) ?? (second === undefined ? null : nameOf(program, [first, second]));
  if (name !== null) return helpOf(name);
  return verbsOf(program, first).length > 0 ? { name: 'help', of: null, group: first } : helpOf(null);
}

function helpOf<N extends string>(of: N | null): ChosenCommand<N> {
  return { name: 'help', of, group: null };
}

function nameOf<C extends Readonly<Record<string, CommandSpec>>>({ commands }: Program<C>, words: readonly string[]): (keyof C & string) | null {
  const typed = words.join(' ');
  for (const name in commands) if (name === typed) return name;
  return null;
}

/** The second words of a group; none if the word is no group. */
function verbsOf({ commands }: Program, group: string): string[] {
  return Object.keys(commands).flatMap((name) => (name.startsWith(`${group} `) ? [name.slice(group.length + 1)] : []));
}

function firstWords({ commands }: Program): string[] {
  return [...new Set(Object.keys(commands).map((name) => name.split(' ')[0] ?? name))];
}

/** Also beside other mistakes: a question for help is answered. */
function wantsHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end === -1 ? args : args.slice(0, end)).some((arg) => arg === '--help' || arg === '-h');
}

function unknownCommand(program: Program, typed: string): UpdateError {
  const words = firstWords(program);
  const known = `commands are ${words.join(', ')}`;
  if (typed.startsWith('-')) {
    const name = typed.replace(/^--?/, '').replace(/=.*/, '');
    const isOption = Object.values(program.commands).some(({ options }) => Object.hasOwn(options, name));
    if (isOption) return usage(`'${typed}' stands before the command`, `options come after the command: ${program.name} COMMAND ${typed}; ${known}`);
    return usage(`unknown option '${typed}'`, known);
  }
  const near = closestWord(typed, words);
  return usage(`unknown command '${typed}'`, near === null ? known : `did you mean '${near}'? ${known}`);
}

function unknownVerb(group: string, typed: string | undefined, verbs: readonly string[]): UpdateError {
  const known = `\`${group}\` takes ${verbs.join(', ')}`;
  if (typed === undefined || typed.startsWith('-')) return usage(`${group} needs to know what to do`, known);
  const near = closestWord(typed, verbs);
  return usage(`unknown command '${group} ${typed}'`, near === null ? known : `did you mean '${group} ${near}'? ${known}`);
}

/** The arguments of one command. Throws USAGE that names the option, what was probably meant, and what there is. */
export function parseWith<N extends string, const C extends Readonly<Record<N, CommandSpec>>>(
  { name: program, commands }: Pick<Program<C>, 'name' | 'commands'>,
  name: N,
  args: string[],
): { values: Values<C[N]['options']> & RequiredValues<C[N]['options']>; positionals: string[] } {
  const spec = commands[name];
  const options: C[N]['options'] = spec.options;
  const takes = `\`${program} ${name}\` takes ${[...wordsOf(spec.words), '--help', ...Object.entries(options).map(optionText)].join(', ')}`;
  const { values, positionals, tokens } = attempt(args, options, takes);
  const extra = positionals[spec.words?.most ?? 0];
  if (extra !== undefined) throw usage(`'${extra}' is one argument too many`, takes);
  const seen = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== 'option' || options[token.name]?.multiple === true || options[token.name]?.type === 'boolean') continue;
    if (seen.has(token.name)) throw usage(`${token.rawName} is given twice`, 'give it once');
    seen.add(token.name);
  }
  assertComplete(values, options, usageLine(program, name, spec));
  return { values, positionals };
}

function assertComplete<T extends Options, V extends object>(values: V, options: T, line: string): asserts values is V & RequiredValues<T> {
  for (const [option, { required, value }] of Object.entries(options)) {
    const given: unknown = Reflect.get(values, option);
    if (required === true && (given === undefined || given === '')) throw usage(`--${option} is missing`, `give --${option} ${value ?? ''}: ${line}`);
  }
}

function attempt<const T extends Options>(args: string[], options: T, takes: string) {
  try {
    return parseArgs({ args, options, allowPositionals: true, tokens: true });
  } catch (error) {
    if (!(error instanceof TypeError) || !('code' in error) || !String(error.code).startsWith('ERR_PARSE_ARGS')) throw error;
    const unknown = /^Unknown option '(-[^']*)'/.exec(error.message)?.[1];
    const near = unknown === undefined ? null : closestWord(unknown.replace(/^--/, ''), ['help', ...Object.keys(options)]);
    const message = error.message.split(/\. |\n|\.$/)[0] ?? '';
    const meant = near === null ? '' : `did you mean '--${near}'? `;
    throw usage(`${message.charAt(0).toLowerCase()}${message.slice(1)}`, `${meant}${takes}`, error);
  }
}

function wordsOf(words: Words | undefined): readonly string[] {
  return words === undefined ? [] : (words.choices ?? [words.text]);
}

function optionText([option, { short, type }]: [string, OptionSpec]): string {
  return `${short === undefined ? `--${option}` : `-${short}`}${type === 'string' ? ' …' : ''}`;
}

/** One of several words, or USAGE that says which was probably meant. */
export function choiceOf<const T extends string>(typed: string, choices: readonly T[], refusal: string): T {
  const choice = choices.find((known) => known === typed);
  if (choice !== undefined) return choice;
  const near = closestWord(typed, choices);
  throw usage(refusal, `${near === null ? '' : `did you mean '${near}'? `}allowed: ${choices.join(', ')}`);
}

/** `pikit-release build --site DIR --from TREE [OPTIONS]`, all on one line. */
export function usageLine(program: string, name: string, { words, options }: Pick<CommandSpec, 'words' | 'options'>): string {
  const shown = Object.entries(options).map(([option, { short, value, required, multiple }]) => {
    const text = `${short === undefined ? `--${option}` : `-${short}`}${value === undefined ? '' : ` ${value}`}`;
    return required === true ? text : `[${text}]${multiple === true ? ' ...' : ''}`;
  });
  const few = shown.length > 6 ? [...shown.filter((text) => !text.startsWith('[')), '[OPTIONS]'] : shown;
  return [program, name, ...(words === undefined ? [] : [words.text]), ...few].join(' ');
}
