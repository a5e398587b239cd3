/** The table of pikit-update (lib/core/command-table.ts): what it can do, and what each command takes. */
import { commandHelp, programHelp } from '../core/command-help.ts';
import type { OptionSpec } from '../core/command-table.ts';
import { AUTO_CHOICES } from '../core/state.ts';

const json = { type: 'boolean', default: false, text: 'print the result as JSON, errors too' } as const satisfies OptionSpec;
const lines = { type: 'string', short: 'n', value: 'N', text: 'the last N only' } as const satisfies OptionSpec;

const NONE: string[] = [];

export const UPDATE = {
  name: 'pikit-update',
  commands: {
    status: { summary: 'what is installed, what is available, what happened last', options: { json } },
    check: { summary: 'look for a new release', options: { json } },
    apply: {
      summary: 'download and install it; if it does not work here, everything is as before',
      options: {
        json,
        version: { type: 'string', value: 'V', text: 'only this version; one that is held is tried again' },
        replace: {
          type: 'string',
          multiple: true,
          default: NONE,
          value: 'FILE',
          text: 'a file of yours that no release brought, and that may be replaced; it is kept in /var/lib/pikit/edited',
        },
      },
    },
    rollback: { summary: 'go back to the release before', options: { json } },
    cancel: { summary: 'stop what is running; files are the old ones or the new ones, never a mix', options: { json } },
    branch: {
      summary: 'show the branches that there are, or follow another one',
      words: { text: '[list|NAME]', most: 1, choices: ['list', 'NAME'] },
      options: { json, dismiss: { type: 'boolean', default: false, text: 'take notices away: all of them, or the one with this id or branch' } },
      more: ['NAME is one of the list, or a hidden one'],
    },
    auto: {
      summary: 'show or set what happens by itself, and when',
      words: { text: `[${AUTO_CHOICES.join('|')}]`, most: 1, choices: AUTO_CHOICES },
      options: { json, time: { type: 'string', value: 'HH:MM', text: 'time of day, for example 04:20' } },
    },
    history: { summary: 'what updates have done here, newest last', options: { json, lines } },
    logs: {
      summary: 'what the units of the updater wrote',
      options: { lines, follow: { type: 'boolean', default: false, short: 'f', text: 'go on with new lines' } },
    },
    plan: { summary: 'what an installation would do, file by file', options: { json } },
  },
  end: ['exit codes: 0 done or nothing to do, 1 failed, 2 usage, 75 another step is running'],
} as const;

export type CommandName = keyof typeof UPDATE.commands;

export function usageText(): string {
  return programHelp(UPDATE);
}

export function commandUsage(name: CommandName): string {
  return commandHelp(UPDATE, name, UPDATE.commands[name]);
}
