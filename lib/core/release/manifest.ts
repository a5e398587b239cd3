/**
 * manifest.json: what a release consists of. Published beside the bundle and carried inside it (there without `bundle`).
 * Mandatory: `version`, `changelog`, `files[].path`, `files[].sha256`. Unknown keys are ignored, so that old devices survive
 * new fields; a higher `schema` and an unknown `post_install` action are not errors here but make a release incompatible.
 */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { UpdateError } from '../errors.ts';
import { readDocument, shapeDocument } from '../json.ts';
import { assertDistinctPaths, configPathProblem, quotable, releasePathProblem } from './release-path.ts';
import { VERSION_RULE, isVersion } from './version.ts';

/** The newest manifest schema this updater understands. */
export const MANIFEST_SCHEMA = 1;
/** A manifest of 20,000 files has about 3 MiB; endless data is cut here. */
export const MANIFEST_MAX_BYTES = 8 * 1024 * 1024;
/** Of one release: a device that plans it keeps several lists of them in memory. */
export const MAX_FILES = 20_000;
const MAX_NOTES = 64 * 1024;

/** Some tools write capitals: the same digest. */
const Sha256 = z
  .string()
  .regex(/^[0-9a-fA-F]{64}$/, 'must be the 64 hex digits of a sha256')
  .transform((digits) => digits.toLowerCase());

const ReleasePath = z.string().superRefine((path, context) => {
  const problem = releasePathProblem(path);
  if (problem !== null) context.addIssue({ code: 'custom', message: `path '${quotable(path)}' is refused: ${problem}` });
});

const Size = z.int().nonnegative();

/** Permission bits only, octal: set-id, sticky, and write for group or others are refused (tar CVEs; reliability 4.1). */
const Mode = z
  .string()
  .regex(/^0?[0-7]{3}$/, 'must be an octal mode such as 0644 or 0755, without set-id or sticky bits')
  .refine((mode) => (Number.parseInt(mode, 8) & 0o022) === 0 && (Number.parseInt(mode, 8) & 0o400) !== 0, {
    error: 'must be readable by the owner and not writable by group or others, for example 0644 or 0755',
  })
  .transform((mode) => mode.padStart(4, '0'));

const FileFields = z.object({
  path: ReleasePath,
  sha256: Sha256,
  size: Size.optional(),
  mode: Mode.optional(),
  package: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, 'must be 1 to 32 of a-z, 0-9, _ and -, such as web')
    .optional(),
  config: z.boolean().default(false),
});

export const ManifestFile = FileFields.superRefine(({ path, config }, context) => {
  const problem = config ? configPathProblem(path) : null;
  if (problem !== null) context.addIssue({ code: 'custom', path: ['path'], message: `path '${quotable(path)}' is refused: ${problem}` });
});
export type ManifestFile = z.infer<typeof ManifestFile>;

/** `x.service` and the like, without a path, option or template trick (`-H host`, `../x`). */
export const UnitName = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9:_.@-]{0,200}$/, 'must be the name of a unit');

/** A service name as people write it: `pikit-api` means `pikit-api.service`. */
const ServiceName = UnitName.transform((name) => (/\.(service|socket|timer|target|path)$/.test(name) ? name : `${name}.service`));

const PostInstallAction = z.union([
  ServiceName.transform((restart) => ({ kind: 'restart' as const, unit: restart })),
  z.strictObject({ restart: ServiceName }).transform(({ restart }) => ({ kind: 'restart' as const, unit: restart })),
  z
    .strictObject({ run: z.tuple([ReleasePath], z.string().max(1000)) })
    .transform(({ run }) => ({ kind: 'run' as const, file: run[0], args: run.slice(1) })),
  z.unknown().transform((action) => ({ kind: 'unknown' as const, text: quotable(JSON.stringify(action)) })),
]);
export type PostInstallAction = z.infer<typeof PostInstallAction>;

/** What counts the bytes of a release counts exactly: beyond this two sums that differ are equal. */
function sumIsANumber(files: readonly ManifestFile[], context: z.RefinementCtx): void {
  const sum = files.reduce((bytes, { size }) => bytes + BigInt(size ?? 0), 0n);
  if (sum <= BigInt(Number.MAX_SAFE_INTEGER)) return;
  context.addIssue({ code: 'custom', message: `the sizes add up to ${String(sum)} bytes, ${String(Number.MAX_SAFE_INTEGER)} are allowed` });
}

export const Manifest = z.object({
  schema: z.int().positive().default(1),
  version: z.string().refine(isVersion, { error: VERSION_RULE }),
  branch: z
    .string()
    .regex(/^[a-z0-9_]{1,64}$/, 'must be 1 to 64 of a-z, 0-9 and _')
    .optional(),
  released: z.iso.datetime({ offset: true }).optional(),
  sequence: Size.optional(),
  changelog: z.string().max(2000),
  notes: z.string().max(MAX_NOTES).default(''),
  files: z.array(ManifestFile).min(1).max(MAX_FILES).superRefine(sumIsANumber),
  bundle: z
    .object({
      name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,199}$/, 'must be a file name such as pikit-1.4.0.tar.gz'),
      size: Size.optional(),
      sha256: Sha256.optional(),
    })
    .optional(),
  post_install: z.array(PostInstallAction).max(100).default([]),
  requires: z
    .object({ min_version: z.string().refine(isVersion, { error: VERSION_RULE }).optional(), arch: z.array(z.string().max(32)).max(32).optional() })
    .default({}),
  rollout: z.object({ percent: z.number().min(0).max(100) }).optional(),
});
export type Manifest = z.infer<typeof Manifest>;

/** Enough of a manifest to know that the rest is beyond us, and what to call it. */
const Preamble = z.object({ schema: z.int().positive().default(1), version: z.unknown().optional() });

/** RELEASE_INCOMPATIBLE: a release of a schema that came after this updater. */
export class LaterRelease extends UpdateError {
  /** Null when even that is said in another way. */
  readonly version: string | null;
  /** Of the manifest. */
  readonly sha256: string;

  constructor(message: string, { version, sha256 }: { version: string | null; sha256: string }) {
    super('RELEASE_INCOMPATIBLE', message, { hint: 'update the updater itself first (the package pikit-update)' });
    this.version = version;
    this.sha256 = sha256;
  }
}

/**
 * Parses a manifest from outside. Throws LaterRelease for a higher `schema` (checked first, since the rest may then
 * mean something else), MANIFEST_INVALID or PATH_REFUSED for anything else that is wrong, naming the key.
 */
export function parseManifest(bytes: Uint8Array, what = 'the manifest'): Manifest {
  const limits = { what, maxBytes: MANIFEST_MAX_BYTES, code: 'MANIFEST_INVALID' as const };
  const value = readDocument(bytes, limits);
  const { schema, version } = shapeDocument(value, Preamble, limits);
  if (schema > MANIFEST_SCHEMA) {
    throw new LaterRelease(`${what} has schema ${String(schema)}, this updater understands ${String(MANIFEST_SCHEMA)}`, {
      version: typeof version === 'string' && isVersion(version) ? version : null,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
  }
  const manifest = shapeDocument(value, Manifest, limits);
  assertDistinctPaths(manifest.files.map((file) => file.path));
  return manifest;
}

/** The mode a file gets: the manifest's, or 0644 (0755 for a `#!` file, which only its first bytes can tell). */
export function fileMode(file: ManifestFile, isScript: boolean): number {
  return file.mode === undefined ? (isScript ? 0o755 : 0o644) : Number.parseInt(file.mode, 8);
}

/** The bundle's name beside the manifest: as given, or the seed format's `pikit-<version>.tar.gz`. */
export function bundleName(manifest: Manifest): string {
  return manifest.bundle?.name ?? `pikit-${manifest.version}.tar.gz`;
}

/** Whether two manifests describe the same release, bytes for bytes; they may differ in branch, rollout and bundle. */
export function sameRelease(a: Manifest, b: Manifest): boolean {
  if (a.version !== b.version || a.files.length !== b.files.length) return false;
  const key = (file: ManifestFile): string => [file.path, file.sha256, file.mode ?? '', String(file.config)].join('\0');
  const files = new Set(a.files.map(key));
  return b.files.every((file) => files.has(key(file))) && JSON.stringify(a.post_install) === JSON.stringify(b.post_install);
}
