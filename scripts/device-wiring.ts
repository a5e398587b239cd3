/** The device, or the folder that PIKIT_ROOT names, for those who read it and start its units: the command line and the API. */
import fs from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { devicePaths } from '../lib/core/device/paths.ts';
import type { ReaderDeps } from '../lib/device/deps.ts';
import { readConfig } from '../lib/io/state/config-file.ts';
import { freeSpace } from '../lib/io/disk.ts';
import { ownRoot } from '../lib/io/state/own-root.ts';
import { stateFiles } from '../lib/io/state/state-files.ts';
import { terminateStep } from '../lib/io/folder-units/step-process.ts';
import type { UnitRunner } from '../lib/io/systemd/unit-runner.ts';
import { isAlive } from './run-step.ts';
import { transactionPaths } from '../lib/transaction/transaction-paths.ts';

export interface Wiring {
  root: string;
  onDevice: boolean;
  deps: ReaderDeps;
  /** Resolves when nothing runs that would end with this process: units of a folder are its children, those of systemd are not. */
  settled: () => Promise<void>;
  /** Lets go of systemd, which goes on. */
  close: () => Promise<void>;
}

/** Where the units are run: the connection, and what there is to do before it can be left. */
interface Runner {
  units: UnitRunner;
  settled: () => Promise<void>;
}

export function wireDevice(options: { warn: (message: string) => void; signal: AbortSignal; systemd: () => Promise<UnitRunner> }): Wiring {
  const root = ownRoot();
  const onDevice = root === '/';
  const paths = devicePaths(root);
  const opened: Promise<Runner>[] = [];
  const connect = async (): Promise<Runner> =>
    onDevice ? { units: await options.systemd(), settled: () => Promise.resolve() } : await folderRunner(root);
  return {
    root,
    onDevice,
    deps: {
      paths,
      place: transactionPaths(paths),
      files: stateFiles(paths, options.warn),
      now: () => new Date(),
      loadConfig: () => readConfig(paths.config),
      freeSpace,
      units: async () => {
        const runner = opened[0] ?? connect();
        opened[0] = runner;
        return (await runner).units;
      },
      isAlive,
      terminate: onDevice
        ? null
        : (pid) => {
            terminateStep(paths.progress, pid);
          },
      signal: options.signal,
    },
    settled: async () => {
      for (const runner of await Promise.allSettled(opened)) if (runner.status === 'fulfilled') await runner.value.settled();
    },
    close: async () => {
      for (const runner of await Promise.allSettled(opened)) if (runner.status === 'fulfilled') runner.value.units.close();
    },
  };
}

async function folderRunner(root: string): Promise<Runner> {
  const { localUnitRunner } = await import('../lib/io/folder-units/local-units.ts');
  const distDir = dirname(fileURLToPath(import.meta.url));
  const besideDist = resolve(distDir, '../units');
  const units = localUnitRunner({ root, unitsDir: fs.existsSync(besideDist) ? besideDist : '/usr/lib/systemd/system', distDir });
  return { units, settled: units.settled };
}
