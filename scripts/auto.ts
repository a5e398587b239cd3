/** `auto off|check|download|install`: run by pikit-update-auto@.service. Sets the timer as settings.json says. */
import { describeAuto } from '../lib/device/auto.ts';
import { EXIT } from '../lib/cli/exit-codes.ts';
import { sayError, sayLine } from '../lib/cli/say.ts';
import type { TimerDeps } from '../lib/device/timer.ts';
import { parseChoice, setTimer } from '../lib/device/timer.ts';
import { devicePaths } from '../lib/core/device/paths.ts';
import { readConfig } from '../lib/io/state/config-file.ts';
import { ownRoot } from '../lib/io/state/own-root.ts';
import { runProgram, standardStreams } from './run-program.ts';

const streams = standardStreams();
const terminal = { ...streams, isTerminal: false, columns: () => 80 };

function timerDeps(): TimerDeps {
  const root = ownRoot();
  const paths = devicePaths(root);
  return { paths, systemd: isManaged(paths.root, paths.config) ? connect : null };
}

async function connect() {
  const { connectSystemd } = await import('../lib/io/bus/systemd.ts');
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
