/** The command line `pikit-update`: wires the device, or the folder that PIKIT_ROOT names, to lib/cli. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createInterface } from 'node:readline';
import { resolve } from 'node:path';
import { runPikitUpdate } from '../lib/cli/cli.ts';
import type { CliDeps } from '../lib/cli/deps.ts';
import { EXIT } from '../lib/cli/exit-codes.ts';
import { sayError, sayWarning } from '../lib/cli/say.ts';
import { UpdateError } from '../lib/core/errors.ts';
import { wireDevice } from './device-wiring.ts';
import { runProgram, standardStreams } from './run-program.ts';
import { VERSION } from './updater-version.ts';

const root = resolve(process.env['PIKIT_ROOT'] ?? '/');

/** Our own Ctrl-C handler does nothing to journalctl: it gets the signal from the terminal itself. */
function journalctl(args: readonly string[], onLine: (line: string) => void): Promise<number> {
  return new Promise((resolveExit, reject) => {
    const child = spawn('journalctl', ['--no-pager', ...args], { stdio: ['inherit', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout });
    lines.on('line', onLine);
    // `pikit-update logs | head`, whose reader has seen enough: nothing else would end one that follows.
    process.stdout.once('error', () => child.kill('SIGPIPE'));
    child.on('error', (error) => {
      reject(
        new UpdateError('SYSTEMD_UNAVAILABLE', `the command 'journalctl' cannot be run: ${error.message}`, { hint: 'install the package systemd' }),
      );
    });
    child.on('close', (code, signal) => {
      // SIGPIPE: `pikit-update logs | head`, whose reader has seen enough.
      const bySignal = signal === 'SIGINT' ? EXIT.interrupted : signal === 'SIGPIPE' ? EXIT.ok : EXIT.failed;
      resolveExit(code ?? bySignal);
    });
  });
}

const streams = standardStreams();

async function main(): Promise<number> {
  const terminal = {
    ...streams,
    isTerminal: process.stdout.isTTY,
    columns: () => process.stdout.columns,
  };
  if (!fs.existsSync(root)) {
    sayError(
      terminal,
      new UpdateError('USAGE', `PIKIT_ROOT names '${root}', which is not there`, { hint: 'create the folder, or unset PIKIT_ROOT' }),
    );
    return EXIT.usage;
  }
  const stop = new AbortController();
  process.on('SIGINT', () => {
    if (stop.signal.aborted) process.exit(EXIT.interrupted);
    stop.abort();
  });
  const wiring = wireDevice({
    warn: (message) => {
      sayWarning(terminal, message);
    },
    signal: stop.signal,
    systemd: async () => (await import('../lib/io/unit-runner.ts')).systemdUnits(),
  });
  const deps: CliDeps = { ...wiring.deps, version: VERSION, terminal, journalctl: wiring.onDevice ? journalctl : null };
  try {
    return await runPikitUpdate(process.argv.slice(2), deps);
  } finally {
    await wiring.close();
  }
}

await runProgram(main, streams);
