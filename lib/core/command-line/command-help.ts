/** What a program says of itself, from its table (lib/core/command-line/command-table.ts): a short text for all of it, and one for each command. */
import type { Asked, CommandSpec, Program } from './command-table.ts';
import { usageLine } from './command-table.ts';

const WIDTH = 100;

/** The answer to a question for help. */
export function helpText<N extends string, C extends Readonly<Record<N, CommandSpec>>>(
  program: Program<C>,
  { of, group }: Pick<Extract<Asked<N>, { name: 'help' }>, 'of' | 'group'>,
): string {
  return of === null ? programHelp(program, group) : commandHelp(program, of, program.commands[of]);
}

/** All commands, a line or two each; of a group if one is named. */
function programHelp({ name, commands, end }: Program, group: string | null): string {
  const shown = Object.entries(commands).filter(([command]) => group === null || command.startsWith(`${group} `));
  const texts = shown.map(([command, { words }]) => `${command}${words === undefined ? '' : ` ${words.text}`}`);
  const width = Math.min(24, Math.max(...texts.map((text) => text.length)));
  const lines = shown.map(([, { summary }], index) => {
    const text = texts[index] ?? '';
    const gap = text.length > width ? `\n${' '.repeat(width + 2)}` : ' '.repeat(width - text.length);
    return `  ${text}${gap}  ${wrapped(summary, width + 4)}\n`;
  });
  const more = `\`${name} ${group === null ? '' : `${group} `}COMMAND --help\` explains a command, \`${name} --version\` prints the version`;
  const below = [wrapped(more, 0), ...(group === null ? end.map((line) => wrapped(line, 0)) : [])].map((line) => `${line}\n`).join('');
  return `usage: ${name} ${group === null ? '' : `${group} `}COMMAND\n\n${lines.join('')}\n${below}`;
}

/** One command: how it is called, what it does, and its options. */
function commandHelp({ name: program }: Program, name: string, spec: CommandSpec): string {
  const options = Object.entries(spec.options).map(([option, { short, value, text, multiple }]): [string, string] => [
    `${short === undefined ? '' : `-${short}, `}--${option}${value === undefined ? '' : ` ${value}`}`,
    `${text}${multiple === true ? ' (may be repeated)' : ''}`,
  ]);
  const width = Math.max(...options.map(([label]) => label.length), '-h, --help'.length) + 2;
  const lines = [...options, ['-h, --help', 'print this text'] as const].map(
    ([label, text]) => `  ${label.padEnd(width)}${wrapped(text, width + 2)}\n`,
  );
  const more = spec.more === undefined ? '' : `\n${spec.more.map((line) => `${wrapped(line, 0)}\n`).join('')}`;
  return `usage: ${wrapped(usageLine(program, name, spec), 7)}\n\n${wrapped(spec.summary, 0)}\n\n${lines.join('')}${more}`;
}

/** Breaks a text at blanks; further lines begin below its first. */
function wrapped(text: string, indent: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`);
}
