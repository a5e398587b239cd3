/** The table of pikit-update (lib/core/command-line/command-table.ts): what it can do, and what each command takes. */
import type { OptionSpec } from '../core/command-line/command-table.ts';
import { AUTO_CHOICES } from '../core/device/state.ts';

const json = { type: 'boolean', default: false, text: 'print the result as JSON, errors too' } as const satisfies OptionSpec;
const lines = { type: 'string', short: 'n', value: 'N', text: 'print only the last N' } as const satisfies OptionSpec;

const NONE: string[] = [];

export const UPDATE = {
  name: 'pikit-update',
  commands: {
    status: { summary: 'show what is installed, what is available and what happened last', options: { json } },
    check: { summary: 'look for a new release', options: { json } },
    apply: {
      summary: 'download and install the available release; roll back if it fails its health check',
      options: {
        json,
        version: { type: 'string', value: 'V', text: 'install only this version; try again if it is held' },
        replace: {
          type: 'string',
          multiple: true,
          default: NONE,
          value: 'FILE',
          text: 'replace this file, which no release installed; a copy is kept in /var/lib/pikit/edited',
        },
      },
    },
    rollback: { summary: 'roll back to the previous release', options: { json } },
    cancel: { summary: 'stop the running step; files are the old ones or the new ones, never a mix', options: { json } },
    branch: {
      summary: 'list the branches, or follow another one',
      words: { text: '[list|NAME]', most: 1, choices: ['list', 'NAME'] },
      options: { json, dismiss: { type: 'boolean', default: false, text: 'dismiss notices: all of them, or the one with this id or branch' } },
      more: ['NAME is a listed branch or a hidden one'],
    },
    auto: {
      summary: 'show or set automatic updates and their time',
      words: { text: `[${AUTO_CHOICES.join('|')}]`, most: 1, choices: AUTO_CHOICES },
      options: { json, time: { type: 'string', value: 'HH:MM', text: 'time of day, for example 04:20' } },
    },
    history: { summary: 'show what updates did on this device, newest last', options: { json, lines } },
    logs: {
      summary: 'show the journal of the updater',
      options: { lines, follow: { type: 'boolean', default: false, short: 'f', text: 'keep printing new lines' } },
    },
    plan: { summary: 'show what an installation would do, file by file', options: { json } },
    trust: {
      summary: 'install only releases that the keys of a root have signed; show or remove that trust',
      words: { text: '[FILE|show|reset]', most: 1, choices: ['FILE', 'show', 'reset'] },
      options: {
        json,
        'from-source': { type: 'boolean', default: false, text: 'take the root that the source has now' },
        fingerprint: {
          type: 'string',
          multiple: true,
          default: NONE,
          value: 'SHA256:…',
          text: 'a key of the root, as its owner told you; then nothing is asked',
        },
        yes: { type: 'boolean', default: false, short: 'y', text: 'ask nothing' },
      },
      more: [
        'FILE is a root.json of at most 64 KiB, or - for standard input; a newer root has to be signed by the keys of the one that is trusted',
        '`trust show` prints the keys and how long they are valid; `trust reset` is for keys that are lost: this device then verifies no signatures',
      ],
    },
  },
  end: ['exit codes: 0 done or nothing to do, 1 failed, 2 usage, 75 another step is running'],
} as const;

export type CommandName = keyof typeof UPDATE.commands;
