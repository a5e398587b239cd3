/** `auto off|check|download|install`: run by pikit-update-auto@.service. Sets the timer as settings.json says. */
import { resolve } from 'node:path';
import { describeAuto } from '../lib/device/auto.ts';
import { EXIT } from '../lib/cli/exit-codes.ts';
import { sayError, sayLine } from '../lib/cli/say.ts';
import type { TimerDeps } from '../lib/device/timer.ts';
import { parseChoice, setTimer } from '../lib/device/timer.ts';
import { devicePaths } from '../lib/core/paths.ts';
import { readConfig } from '../lib/io/config-file.ts';
import { assertOwnRoot } from '../lib/io/own-root.ts';
import { runProgram, standardStreams } from './run-program.ts';

const streams = standardStreams();
const terminal = { ...streams, isTerminal: false, columns: () => 80 };

function timerDeps(): TimerDeps {
  const root = resolve(process.env['PIKIT_ROOT'] ?? '/');
  assertOwnRoot(root);
  const paths = devicePaths(root);
  return { paths, systemd: isManaged(paths.root, paths.config) ? connect : null };
}

async function connect() {
  const { connectSystemd } = await import('../lib/io/systemd.ts');
  return await connectSystemd();
}

/** A folder has no timer of ours. A configuration that cannot be read must not keep anybody from switching off. */
function isManaged(root: string, config: string): boolean {
  if (root !== '/') return false;
  try {
    return readConfig(config).services.manager === 'systemd';
  } catch {
    return true;
  }
}

async function main(): Promise<number> {
  const settings = await setTimer(parseChoice(process.argv.slice(2)), timerDeps());
  sayLine(terminal, describeAuto(settings));
  return EXIT.ok;
}

await runProgram(main, streams, (failure) => {
  sayError(terminal, failure);
});
