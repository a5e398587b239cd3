/** The four scenarios of the plan, a first install, and a large release. */
import fs from 'node:fs';
import { join } from 'node:path';
import { writeTree } from '../../helpers/tree.ts';
import { STEPS, configure, depsOn, stage } from './device.ts';
import type { Release } from './releases.ts';
import { DRIFT_NEW, DRIFT_OLD, EDITS, F1_NEW, F1_OLD, FOREIGN, LARGE_NEW, LARGE_OLD, LATER_EDITS, REMOVED_BY_OWNER } from './releases.ts';

export interface Story {
  name: string;
  /** Makes the device before. */
  start: (root: string) => Promise<void>;
  /** The step that the power cut comes to. */
  step: 'apply' | 'rollback';
  /** Where it ends when nothing goes wrong. */
  ends: 'old' | 'new';
}

async function deviceOn(root: string, release: Release | null): Promise<void> {
  fs.mkdirSync(root, { recursive: true });
  fs.chmodSync(root, 0o755);
  writeTree(root, FOREIGN);
  writeTree(root, { '/var/lib/pikit-update': null, '/var/cache/pikit-update': null });
  configure(root, true);
  if (release === null) return;
  stage(root, release);
  await STEPS.apply(depsOn(root));
}

function changing(from: Release | null, to: Release, isHealthy = true, edit: (root: string) => void = () => undefined): Story['start'] {
  return async (root) => {
    await deviceOn(root, from);
    configure(root, isHealthy);
    edit(root);
    stage(root, to);
  };
}

function drift(root: string): void {
  writeTree(root, EDITS);
  fs.unlinkSync(root + REMOVED_BY_OWNER);
  fs.chownSync(join(root, '/var/www/pikit-web/adopted.txt'), 33, 33);
}

async function updated(root: string): Promise<void> {
  await changing(F1_OLD, F1_NEW)(root);
  await STEPS.apply(depsOn(root));
  writeTree(root, LATER_EDITS);
}

async function driftedAndUpdated(root: string): Promise<void> {
  await changing(DRIFT_OLD, DRIFT_NEW, true, drift)(root);
  await STEPS.apply(depsOn(root));
  writeTree(root, LATER_EDITS);
}

async function largeAndUpdated(root: string): Promise<void> {
  await changing(LARGE_OLD, LARGE_NEW)(root);
  await STEPS.apply(depsOn(root));
}

const STORIES: readonly Story[] = [
  { name: 'apply', start: changing(F1_OLD, F1_NEW), step: 'apply', ends: 'new' },
  { name: 'apply-unhealthy', start: changing(F1_OLD, F1_NEW, false), step: 'apply', ends: 'old' },
  { name: 'rollback', start: updated, step: 'rollback', ends: 'new' },
  { name: 'apply-over-drift', start: changing(DRIFT_OLD, DRIFT_NEW, true, drift), step: 'apply', ends: 'new' },
  { name: 'rollback-over-drift', start: driftedAndUpdated, step: 'rollback', ends: 'new' },
  { name: 'first-install', start: changing(null, F1_OLD), step: 'apply', ends: 'new' },
  { name: 'apply-200-files', start: changing(LARGE_OLD, LARGE_NEW), step: 'apply', ends: 'new' },
  { name: 'rollback-200-files', start: largeAndUpdated, step: 'rollback', ends: 'new' },
];

export function storyNamed(name: string): Story {
  const story = STORIES.find((one) => one.name === name);
  if (story === undefined) throw new Error(`there is no story '${name}'`);
  return story;
}
