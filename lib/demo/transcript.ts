/** What the demo prints: acts with a heading, commands, the journal of the units, and what was found to be true. */
import type { UnitEvent } from '../io/folder-units/local-units.ts';

export interface Transcript {
  text: (line: string) => void;
  act: (title: string) => void;
  /** What happens without anybody typing something. */
  moment: (text: string) => void;
  /** A command as a user would type it, and why. */
  command: (command: string, comment?: string) => void;
  /** What a command wrote. */
  answer: (line: string) => void;
  journal: (unit: string, line: string) => void;
  event: (event: UnitEvent) => void;
  finding: (claim: string, problems: readonly string[]) => void;
}

type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan';
const CODES: Readonly<Record<Style, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };
const UNIT_WIDTH = 'gate@rollback'.length;

export function transcript(write: (text: string) => void, colour: boolean): Transcript {
  const paint = (style: Style, text: string): string => (colour ? `\u001b[${String(CODES[style])}m${text}\u001b[0m` : text);
  const line = (text: string): void => {
    write(`${text}\n`);
  };
  const unitLine = (unit: string, mark: string, text: string): void => {
    line(`     ${paint('cyan', shortName(unit).padEnd(UNIT_WIDTH))} ${mark} ${text}`);
  };
  let acts = 0;
  return {
    text: line,
    act: (title) => {
      acts += 1;
      line(`\n${paint('bold', `${String(acts)}. ${title}`)}`);
    },
    moment: (text) => {
      line(`\n   ${paint('bold', `(${text})`)}`);
    },
    command: (command, comment) => {
      line(`\n   ${paint('bold', `$ ${command}`)}${comment === undefined ? '' : paint('dim', `    # ${comment}`)}`);
    },
    answer: (text) => {
      line(`     ${text}`);
    },
    journal: (unit, text) => {
      unitLine(
        unit,
        paint('dim', '│'),
        text.startsWith('error: ') ? paint('red', text) : text.startsWith('warning: ') ? paint('yellow', text) : text,
      );
    },
    event: (event) => {
      const [mark, text] = describeEvent(event);
      unitLine(event.unit, paint('dim', mark), paint('dim', text));
    },
    finding: (claim, problems) => {
      line(`   ${problems.length === 0 ? paint('green', '✔') : paint('red', '✘')} ${claim}`);
      for (const problem of problems) line(`     ${paint('red', problem)}`);
    },
  };
}

/** `pikit-update-gate@fetch.service` is `gate@fetch` to people. */
export function shortName(unit: string): string {
  return unit.replace(/^pikit-update-/, '').replace(/\.(?:service|timer)$/, '');
}

function describeEvent(event: UnitEvent): [mark: string, text: string] {
  switch (event.is) {
    case 'started':
      return ['┌', `started${because(event)}`];
    case 'skipped':
      return ['·', `skipped${because(event)}: ${event.condition}`];
    case 'ended': {
      const { result, exitStatus, signal } = event.run;
      const how = result === 'success' ? 'succeeded' : `failed (${[result, signal ?? exitStatus].join(' ')})`;
      return ['└', `${how} after ${(event.ms / 1000).toFixed(2)} s`];
    }
    case 'dependency':
      return ['·', `did not run: ${shortName(event.required)} failed`];
    case 'canceled':
      return ['·', 'stopped before it ran'];
    default:
      return event satisfies never;
  }
}

function because({ cause }: UnitEvent): string {
  if (cause.by === 'start') return '';
  return cause.by === 'timer' ? ` by ${cause.unit}` : ` by ${cause.by}= of ${shortName(cause.unit)}`;
}
