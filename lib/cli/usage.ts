/** What the program says of itself. */
export const COMMANDS = ['status', 'check', 'apply', 'rollback', 'cancel', 'branch', 'auto', 'history', 'logs', 'plan'] as const;
export type CommandName = (typeof COMMANDS)[number];

const TEXTS: Readonly<Record<CommandName, { usage: string; summary: string; more: readonly string[] }>> = {
  status: { usage: 'status [--json]', summary: 'what is installed, what is available, what happened last', more: [] },
  check: { usage: 'check [--json]', summary: 'look for a new release', more: [] },
  apply: {
    usage: 'apply [--version V] [--replace FILE …] [--json]',
    summary: 'download and install it; if it does not work here, everything is as before',
    more: [
      '--version V     only this version; one that is held is tried again',
      '--replace FILE  a file of yours that no release brought, and that may be replaced; it is kept in /var/lib/pikit/edited',
    ],
  },
  rollback: { usage: 'rollback [--json]', summary: 'go back to the release before', more: [] },
  cancel: { usage: 'cancel [--json]', summary: 'stop what is running; files are the old ones or the new ones, never a mix', more: [] },
  branch: {
    usage: 'branch [list|NAME] [--dismiss [ID]] [--json]',
    summary: 'show the branches that there are, or follow another one',
    more: ['NAME          one of the list, or a hidden one', '--dismiss     take notices away: all of them, or the one with this id or branch'],
  },
  auto: {
    usage: 'auto [off|check|download|install] [--time HH:MM] [--json]',
    summary: 'show or set what happens by itself, and when',
    more: ['--time HH:MM  time of day, for example 04:20'],
  },
  history: {
    usage: 'history [-n N] [--json]',
    summary: 'what updates have done here, newest last',
    more: ['-n N          the last N only'],
  },
  logs: {
    usage: 'logs [-f] [-n N]',
    summary: 'what the units of the updater wrote',
    more: ['-f            go on with new lines', '-n N          the last N lines only'],
  },
  plan: { usage: 'plan [--json]', summary: 'what an installation would do, file by file', more: [] },
};

const END = `--json       print the result as JSON, errors too
--help       print this text, or that of a command
--version    print the version of this program

exit codes: 0 done or nothing to do, 1 failed, 2 usage, 75 another step is running
`;

export function usageText(): string {
  const commands = COMMANDS.map((name) => `  ${TEXTS[name].usage}\n      ${TEXTS[name].summary}\n`).join('');
  return `usage: pikit-update COMMAND\n\n${commands}\n${END}`;
}

export function commandUsage(name: CommandName): string {
  const { usage, summary, more } = TEXTS[name];
  return `usage: pikit-update ${usage}\n\n${summary}\n${more.map((line) => `  ${line}\n`).join('')}`;
}
