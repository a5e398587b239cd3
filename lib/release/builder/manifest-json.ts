/**
 * Writes manifest.json. The one inside a bundle holds only what is a property of the bytes, so that the bundle is the same
 * whenever it is built and whatever branch it is on; the published one adds branch, time, sequence, bundle and rollout.
 */
import { UpdateError } from '../../core/errors.ts';
import { MANIFEST_SCHEMA, parseManifest } from '../../core/release/manifest.ts';
import type { PackFile } from '../../io/bundle/pack-source.ts';
import { packageOf } from './package-name.ts';

export interface ReleaseContents {
  version: string;
  changelog: string;
  notes: string;
  files: readonly PackFile[];
  /** Release paths whose owner's edits are kept. */
  config: readonly string[];
  /** Units to restart after the installation. */
  restart: readonly string[];
  /** Commands to run before that, each a release path and its arguments. */
  run?: readonly (readonly string[])[];
  minVersion: string | null;
  arch: readonly string[];
}

export interface Publication {
  branch: string;
  released: Date;
  sequence: number;
  bundle: { name: string; size: number; sha256: string };
  rolloutPercent: number | null;
}

/** The manifest inside the bundle. Throws INPUT_REFUSED when devices would not take it. */
export function innerManifest(contents: ReleaseContents): Buffer {
  const { version, changelog, notes } = contents;
  return checked({ schema: MANIFEST_SCHEMA, version, changelog, notes, ...contentFields(contents) });
}

/** The manifest beside the bundle. Throws INPUT_REFUSED when devices would not take it. */
export function publishedManifest(contents: ReleaseContents, publication: Publication): Buffer {
  const { version, changelog, notes } = contents;
  const { branch, sequence, bundle, rolloutPercent } = publication;
  const released = releasedText(publication.released);
  const rollout = rolloutPercent === null ? {} : { rollout: { percent: rolloutPercent } };
  const { files, ...rest } = contentFields(contents);
  return checked({ schema: MANIFEST_SCHEMA, version, branch, released, sequence, changelog, notes, files, bundle, ...rest, ...rollout });
}

export interface Republication {
  branch: string;
  released: string;
  sequence: number;
  rolloutPercent: number | null;
}

/**
 * A published manifest, said again: on another branch, or for other devices. Whatever else it says is kept, also what only a
 * newer tool understands. Throws INPUT_REFUSED when devices would not take it.
 */
export function republishedManifest(published: Uint8Array, { rolloutPercent, ...publication }: Republication): Buffer {
  const value: unknown = JSON.parse(Buffer.from(published).toString());
  const fields = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const kept = Object.fromEntries(fields.filter(([key]) => key !== 'rollout'));
  return checked({ ...kept, ...publication, ...(rolloutPercent === null ? {} : { rollout: { percent: rolloutPercent } }) });
}

/** A time as manifests have it, without fractions of a second. */
export function releasedText(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}

function contentFields(contents: ReleaseContents): { files: object[]; post_install: object[]; requires?: object } {
  const files = contents.files.map(({ path, sha256, size, mode }) => ({
    path,
    sha256,
    size,
    mode: mode.toString(8).padStart(4, '0'),
    package: packageOf(path),
    config: contents.config.includes(path),
  }));
  const post_install = [...(contents.run ?? []).map((run) => ({ run })), ...contents.restart.map((restart) => ({ restart }))];
  const requires = {
    ...(contents.minVersion === null ? {} : { min_version: contents.minVersion }),
    ...(contents.arch.length === 0 ? {} : { arch: contents.arch }),
  };
  return { files, post_install, ...(Object.keys(requires).length === 0 ? {} : { requires }) };
}

/** Reads what is about to be published the way a device will. */
function checked(manifest: object): Buffer {
  const bytes = Buffer.from(`${JSON.stringify(manifest)}\n`);
  try {
    parseManifest(bytes, 'the manifest of this release');
  } catch (error) {
    throw new UpdateError('INPUT_REFUSED', error instanceof Error ? error.message : String(error), { cause: error });
  }
  return bytes;
}
