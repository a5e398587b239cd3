/** The command line `pikit-update`: wires the device, or the folder that PIKIT_ROOT names, to lib/cli. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { runPikitUpdate } from '../lib/cli/cli.ts';
import type { CliDeps } from '../lib/cli/deps.ts';
import { EXIT } from '../lib/cli/exit-codes.ts';
import { sayWarning } from '../lib/cli/say.ts';
import { UpdateError } from '../lib/core/errors.ts';
import { wireDevice } from './device-wiring.ts';
import { runProgram, standardStreams } from './run-program.ts';
import { askOnTerminal, readStandardInput } from './terminal-input.ts';
import { VERSION } from './updater-version.ts';

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
    systemd: async () => (await import('../lib/io/systemd/unit-runner.ts')).systemdUnits(),
  });
  const warn = (message: string): void => {
    sayWarning(terminal, message);
  };
  const deps: CliDeps = {
    ...wiring.deps,
    version: VERSION,
    terminal,
    journalctl: wiring.onDevice ? journalctl : null,
    ask: process.stdin.isTTY && process.stdout.isTTY ? (question) => askOnTerminal(question, stop.signal) : null,
    readInput: readStandardInput,
    // On a device, root talks to no network. A folder is its owner's, who may.
    requestRoot: async () =>
      wiring.onDevice
        ? await (await import('../lib/device/ask-root.ts')).askForRoot(wiring.deps)
        : await (await import('./root-of-source.ts')).rootOfSource(wiring.deps, warn),
  };
  try {
    return await runPikitUpdate(process.argv.slice(2), deps);
  } finally {
    await wiring.close();
  }
}

await runProgram(main, streams);
