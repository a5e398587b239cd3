/** `pikit-update check` */
import type { CliDeps, Done } from './deps.ts';
import { runAndTell } from './run-command.ts';
import { sayHint } from './say.ts';

/** Looks for a release, and says what it found: `available` in the JSON is what an installation would take. */
export async function checkCommand(deps: CliDeps, command: { json: boolean }): Promise<Done> {
  const done = await runAndTell(deps, {
    steps: ['check'],
    json: command.json,
    what: 'the check',
    after: () => {
      if (!command.json && deps.files.readState().available?.outcome === 'available')
        sayHint(deps.terminal, '`pikit-update apply` installs it, `pikit-update plan` shows what it changes');
    },
  });
  return { exit: done.exit, json: { ...resultOf(done), available: deps.files.readState().available } };
}

function resultOf({ json }: Done): object {
  return typeof json === 'object' && json !== null ? json : {};
}
