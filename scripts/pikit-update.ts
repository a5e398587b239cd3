/** The command line `pikit-update`: wires the device, or the folder that PIKIT_ROOT names, to lib/cli. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runPikitUpdate } from '../lib/cli/cli.ts';
import type { CliDeps } from '../lib/cli/deps.ts';
import { EXIT } from '../lib/cli/exit-codes.ts';
import { sayError, sayWarning } from '../lib/cli/say.ts';
import { UpdateError, errnoOf } from '../lib/core/errors.ts';
import { devicePaths } from '../lib/core/paths.ts';
import { readConfig } from '../lib/io/config-file.ts';
import { freeSpace } from '../lib/io/disk.ts';
import { stateFiles } from '../lib/io/state-file.ts';
import type { UnitRunner } from '../lib/io/unit-runner.ts';
import { placeOf } from './run-step.ts';
import { VERSION } from './updater-version.ts';

const root = resolve(process.env['PIKIT_ROOT'] ?? '/');
const onDevice = root === '/';

async function connect(): Promise<UnitRunner> {
  if (onDevice) return (await import('../lib/io/unit-runner.ts')).systemdUnits();
  const { localUnitRunner } = await import('../lib/io/local-units.ts');
  const distDir = dirname(fileURLToPath(import.meta.url));
  const besideDist = resolve(distDir, '../units');
  return localUnitRunner({ root, unitsDir: fs.existsSync(besideDist) ? besideDist : '/usr/lib/systemd/system', distDir });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}

/** Our own Ctrl-C handler does nothing to journalctl: it gets the signal from the terminal itself. */
function journalctl(args: readonly string[]): Promise<number> {
  return new Promise((resolveExit, reject) => {
    const child = spawn('journalctl', args, { stdio: 'inherit' });
    child.on('error', (error) => {
      reject(
        new UpdateError('SYSTEMD_UNAVAILABLE', `the command 'journalctl' cannot be run: ${error.message}`, { hint: 'install the package systemd' }),
      );
    });
    child.on('exit', (code, signal) => {
      resolveExit(code ?? (signal === 'SIGINT' ? EXIT.interrupted : EXIT.failed));
    });
  });
}

async function main(): Promise<number> {
  const terminal = {
    out: (text: string) => process.stdout.write(text),
    err: (text: string) => process.stderr.write(text),
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
  const paths = devicePaths(root);
  const opened: Promise<UnitRunner>[] = [];
  const deps: CliDeps = {
    version: VERSION,
    paths,
    place: placeOf(paths),
    files: stateFiles(paths, (message) => {
      sayWarning(terminal, message);
    }),
    terminal,
    now: () => new Date(),
    loadConfig: () => readConfig(paths.config),
    freeSpace,
    units: () => {
      const units = opened[0] ?? connect();
      opened[0] = units;
      return units;
    },
    isAlive,
    terminate: onDevice ? null : (pid) => process.kill(pid, 'SIGTERM'),
    journalctl: onDevice ? journalctl : null,
    signal: stop.signal,
  };
  try {
    return await runPikitUpdate(process.argv.slice(2), deps);
  } finally {
    for (const units of await Promise.allSettled(opened)) if (units.status === 'fulfilled') units.value.close();
  }
}

// `pikit-update history | head -1`: the reader has seen enough.
process.stdout.on('error', (error) => {
  process.exit(errnoOf(error) === 'EPIPE' ? EXIT.ok : EXIT.failed);
});
process.exitCode = await main();
