/** A device for the model: real files, the real steps with their real edges in this process, and a clock that stands. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { devicePaths } from '../../../lib/core/device/paths.ts';
import { readConfig } from '../../../lib/io/state/config-file.ts';
import { stateFiles } from '../../../lib/io/state/state-files.ts';
import { apply } from '../../../lib/steps/apply.ts';
import type { ApplyDeps, StepOutcome, StepResult } from '../../../lib/steps/deps.ts';
import { writePublicFacts } from '../../../lib/steps/outcome/write-public-facts.ts';
import { recoverStep } from '../../../lib/steps/recover.ts';
import { rollback } from '../../../lib/steps/rollback.ts';
import { deviceDeps } from '../../../scripts/device-deps.ts';
import { metadataTools } from '../../../scripts/metadata-tools.ts';
import { transactionPaths } from '../../../lib/transaction/transaction-paths.ts';
import { writeTree } from '../../helpers/tree.ts';
import type { Release, ReleaseFile } from './releases.ts';

/** The time of the model. */
export const NOW = new Date('2026-11-22T10:00:00.000Z');

const silent = (): void => undefined;

/** What a step is given, on a device in a folder. */
export function depsOn(root: string): ApplyDeps {
  const paths = devicePaths(root);
  const deps = deviceDeps({
    paths,
    place: transactionPaths(paths),
    files: stateFiles(paths, silent),
    log: { info: silent, notice: silent, warning: silent, error: silent, hint: silent },
    loadConfig: () => readConfig(paths.config),
    report: silent,
    now: () => NOW,
    tookMs: () => 0,
    signal: new AbortController().signal,
    breathe: () => Promise.resolve(),
    run: 'run-1',
    byTimer: false,
    arch: 'arm64',
    machineId: () => 'machine',
    builtAt: null,
    killed: null,
  });
  return { ...deps, metadataTools };
}

type Play<Outcome> = (deps: ApplyDeps) => Promise<Outcome>;

/**
 * A step, and what its program writes down for others when it has ended (in /run as well, which is not part of the device). Throws
 * where the program fails.
 */
function asProgram(name: 'apply' | 'rollback' | 'recover', step: Play<StepOutcome>): Play<StepResult> {
  return async (deps) => {
    try {
      const end = await step(deps);
      if (end.outcome === 'failed') throw end.failure;
      return end;
    } finally {
      writePublicFacts(deps, name, null);
    }
  };
}

/** The steps, by the name of their program. */
export const STEPS = {
  apply: asProgram('apply', apply),
  rollback: asProgram('rollback', rollback),
  recover: asProgram('recover', recoverStep),
} as const;

/** No server listens on port 1: a release with this check fails it. */
export function configure(root: string, isHealthy: boolean): void {
  const http = isHealthy ? '' : '"http://127.0.0.1:1/"';
  writeTree(root, {
    '/etc/pikit/update.toml': `[source]
type = "static"
url = "http://127.0.0.1:1/"
[services]
manager = "none"
restart = ["pikit-api.service"]
[health]
http = [${http}]
timeout = "100ms"
`,
  });
}

/** What fetch leaves for apply. */
export function stage(root: string, release: Release): void {
  const { cacheDir } = devicePaths(root);
  for (const { path, text } of filesOf(release)) {
    const file = join(cacheDir, release.version, 'tree', path);
    fs.mkdirSync(dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }
  const manifest = manifestOf(release);
  fs.writeFileSync(join(cacheDir, release.version, 'manifest.json'), manifest);
  const { files: state } = depsOn(root);
  state.writeStaged({ version: release.version, branch: 'stable', manifest_sha256: sha256(manifest), at: NOW.toISOString() });
}

/** The manifest of a release as it is published, but for its bundle. */
export function manifestOf(release: Release): string {
  return JSON.stringify({
    version: release.version,
    changelog: '',
    files: filesOf(release).map(({ path, text, mode = '0644', config = false }) => {
      return { path, sha256: sha256(text), size: Buffer.byteLength(text), mode, config };
    }),
  });
}

function filesOf({ files }: Release): ({ path: string } & ReleaseFile)[] {
  return Object.entries(files).map(([path, given]) => ({ path, ...(typeof given === 'string' ? { text: given } : given) }));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
