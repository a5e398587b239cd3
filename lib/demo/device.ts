/** The folder that stands for a device: what its owner configured and put there, and what is true about it at any moment. */
import fs from 'node:fs';
import { join } from 'node:path';
import type { DevicePaths } from '../core/device/paths.ts';
import { devicePaths } from '../core/device/paths.ts';
import type { StateFiles } from '../io/state/state-files.ts';
import { stateFiles } from '../io/state/state-files.ts';
import type { DemoTree } from './trees.ts';
import { differences, readDemoTree } from './trees.ts';

export interface Device {
  paths: DevicePaths;
  files: StateFiles;
  /** How the device differs from a release: one line for each managed path, and for the version. Empty when it is exactly that. */
  differencesTo: (releaseDir: string, version: string) => string[];
  /** How many files a release puts on a device. */
  countOf: (releaseDir: string) => number;
}

/** The default [[target]] entries: where the parts of a release go. */
const WEB = '/var/www/pikit-web/';
const PROGRAMS = '/usr/local/bin/';
/** The owner's own, between the files that are managed: it must be there, unchanged, at the end of every act. */
const OWN_SCRIPT = { path: `${PROGRAMS}my-backup`, text: '#!/bin/sh\nexec tar -cf /mnt/usb/backup.tar /home\n' };

/** Makes the folder `root`, as the package and its owner would have left a device without any release. */
export function makeDevice(root: string, site: string, healthUrl: string): Device {
  const paths = devicePaths(root);
  const put = (path: string, text: string, mode: number): void => {
    fs.mkdirSync(join(root, path, '..'), { recursive: true });
    fs.writeFileSync(join(root, path), text, { mode });
  };
  put('/etc/pikit/update.toml', configuration(site, healthUrl), 0o644);
  put(OWN_SCRIPT.path, OWN_SCRIPT.text, 0o755);
  for (const dir of [
    paths.next,
    paths.granted,
    `${paths.orders}/next`,
    `${paths.orders}/granted`,
    paths.stateDir,
    paths.cacheDir,
    paths.privateDir,
    paths.backupDir,
  ])
    fs.mkdirSync(dir, { recursive: true });
  const files = stateFiles(paths, () => undefined);
  const own = readDemoTree(join(root, PROGRAMS), PROGRAMS);
  return {
    paths,
    files,
    differencesTo: (releaseDir, version) => {
      const managed: DemoTree = new Map([...readDemoTree(join(root, WEB), WEB), ...readDemoTree(join(root, PROGRAMS), PROGRAMS)]);
      const found = files.readVersion();
      const wrong = differences(new Map([...expectedTree(releaseDir), ...own]), managed);
      return found === version ? wrong : [...wrong, `'${paths.version}' says ${found ?? 'nothing'}, not ${version}`];
    },
    countOf: (releaseDir) => expectedTree(releaseDir).size,
  };
}

function expectedTree(releaseDir: string): DemoTree {
  const api = readDemoTree(releaseDir, '/').get('/pikit-api.py');
  return new Map([
    ...readDemoTree(`${releaseDir}/pikit-web/`, WEB),
    ...readDemoTree(`${releaseDir}/helpers/`, PROGRAMS),
    ...(api === undefined ? [] : [[`${PROGRAMS}pikit-api.py`, api] as const]),
  ]);
}

function configuration(site: string, healthUrl: string): string {
  return `[source]
type = "static"
url = "${site}"

[services]
manager = "none"                    # no systemd here: restarts are recorded in service-actions.jsonl
restart = ["pikit-api.service"]

[health]
http = ["${healthUrl}"]
timeout = "2s"
`;
}
