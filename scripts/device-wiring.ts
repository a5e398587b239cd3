/** The device, or the folder that PIKIT_ROOT names, for those who read it and start its units: the command line and the API. */
import fs from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { devicePaths } from '../lib/core/paths.ts';
import type { DeviceDeps } from '../lib/device/deps.ts';
import { readConfig } from '../lib/io/config-file.ts';
import { freeSpace } from '../lib/io/disk.ts';
import { assertOwnRoot } from '../lib/io/own-root.ts';
import { stateFiles } from '../lib/io/state-file.ts';
import { terminateStep } from '../lib/io/step-process.ts';
import type { UnitRunner } from '../lib/io/unit-runner.ts';
import { isAlive, placeOf } from './run-step.ts';

export interface Wiring {
  root: string;
  onDevice: boolean;
  deps: DeviceDeps;
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
  const root = resolve(process.env['PIKIT_ROOT'] ?? '/');
  assertOwnRoot(root);
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
      place: placeOf(paths),
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
  const { localUnitRunner } = await import('../lib/io/local-units.ts');
  const distDir = dirname(fileURLToPath(import.meta.url));
  const besideDist = resolve(distDir, '../units');
  const units = localUnitRunner({ root, unitsDir: fs.existsSync(besideDist) ? besideDist : '/usr/lib/systemd/system', distDir });
  return { units, settled: units.settled };
}
