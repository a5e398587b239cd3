/** /etc/pikit/update.toml: where releases come from, where their files go, what is restarted and probed, and the limits. */
import * as z from 'zod';
import { closedPlace, isPlaceIn } from './closed-places.ts';
import { closedToHooks } from './hook-places.ts';
import { UpdateError } from '../errors.ts';
import { repositoryAt } from '../network/gitea-address.ts';
import { describeIssues } from '../json.ts';
import { UnitName } from '../release/manifest.ts';
import { NoProxy, ProxyUrl } from '../network/proxy.ts';
import { parseDurationMs, parseSizeBytes } from '../quantities.ts';
import { plainIssue } from '../plain-issue.ts';
import { releasePathProblem } from '../release/release-path.ts';
import { DEFAULT_TARGETS } from '../release/targets.ts';

/** What a timer of Node can hold is 24.8 days; beyond, it fires at once. */
const MAX_DURATION_MS = 24 * 24 * 3_600_000;

/** A duration in milliseconds, written as text. Zero only where it makes sense. */
function duration(fallback: string, limits: { zero: boolean } = { zero: false }) {
  const message = `must be a duration such as 500ms, 30s, 10min or 1h, ${limits.zero ? '' : 'more than 0 and '}at most 576h`;
  return z
    .string({ error: message })
    .default(fallback)
    .transform((text, context) => {
      const value = parseDurationMs(text) ?? Number.NaN;
      const fits = value <= MAX_DURATION_MS && (value > 0 || (limits.zero && value === 0));
      if (!fits) context.addIssue({ code: 'custom', message });
      return value;
    });
}

/** A size in bytes, written as text or as a number. */
function size(fallback: string) {
  const message = 'must be a size such as 2048, 64KiB or 512MiB';
  return z
    .union([z.string(), z.int().nonnegative()], { error: message })
    .default(fallback)
    .transform((given, context) => {
      const value = typeof given === 'number' ? given : (parseSizeBytes(given) ?? Number.NaN);
      if (!Number.isSafeInteger(value)) context.addIssue({ code: 'custom', message });
      return value;
    });
}

/** A table of update.toml: an unknown key is a typing error, and the error lists the known ones. */
function table<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? `unknown key ${issue.keys.join(', ')}; known are ${Object.keys(shape).join(', ')}` : undefined,
  });
}

const DevicePath = z
  .string()
  .regex(/^\/[A-Za-z0-9._@+-]+(?:\/[A-Za-z0-9._@+-]+)*\/?$/, 'must be an absolute path of plain names')
  .refine((path) => !path.split('/').some((part) => part === '.' || part === '..'), { error: "must not have '.' or '..' in it" });

const TargetEntry = table({
  from: z.string().superRefine((from, context) => {
    const problem = releasePathProblem(from.replace(/\/$/, ''));
    if (problem !== null) context.addIssue({ code: 'custom', message: `must be a path inside a release: ${problem}` });
  }),
  to: DevicePath.superRefine((path, context) => {
    const closed = closedPlace(path);
    if (closed !== null) context.addIssue({ code: 'custom', message: `cannot be a target: ${closed.why}; ${closed.hint}` });
  }),
}).refine((target) => target.from.endsWith('/') === target.to.endsWith('/'), {
  error: "'from' and 'to' must both end in '/' (a directory) or both not (one file)",
});

/** A place that commands of a release may write to as well. */
const HookPlace = DevicePath.superRefine((path, context) => {
  const closed = closedToHooks(path);
  if (closed !== null) context.addIssue({ code: 'custom', message: `cannot be opened to commands of a release: ${closed}` });
});

const HttpUrl = z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// address', abort: true });

/** A site is a folder: paths are joined to its address. A password in it would end in logs and caches that anybody can read. */
const SiteUrl = z
  .url({ protocol: /^(?:https?|file)$/, error: 'must be an http://, https:// or file:/// address', abort: true })
  .refine(isPlain, { error: 'must be an address without user name, password, ? and #', abort: true })
  .refine((text) => !text.startsWith('file:') || isFolder(new URL(text)), { error: 'must name a folder of this device: file:/// and its path' });

const RepositoryUrl = HttpUrl.refine(isPlain, { error: 'must be an address without user name, password, ? and #', abort: true }).refine(
  (text) => repositoryAt(text) !== null,
  { error: 'must be the address of a repository, such as https://git.example.org/owner/repo' },
);

function isPlain(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url?.username === '' && url.password === '' && !/[?#]/.test(url.href);
}

/** No host of a network, and no name that could not be one of a file. */
function isFolder({ hostname, pathname }: URL): boolean {
  return hostname === '' && !/%(?:2f|00)/i.test(pathname);
}

/** A file of this device; unlike a target, it may have any name. */
const CA = 'must be the absolute path of a file with certificates (PEM)';
const CaFile = z.string({ error: CA }).regex(/^\/[^\p{Cc}]+$/u, CA);

/** How the source is reached. */
const WAY = {
  proxy: ProxyUrl.optional(),
  no_proxy: z.array(NoProxy, { error: 'must be a list such as ["localhost", ".lan", "192.168.0.0/16"]' }).max(64).optional(),
  ca: CaFile.optional(),
};

const SOURCES = [
  table({ type: z.literal('static'), url: SiteUrl, ...WAY }),
  table({ type: z.literal('gitea'), url: RepositoryUrl, ...WAY }),
] as const;
const Source = z.discriminatedUnion('type', SOURCES, { error: 'a source has type = "static" or "gitea", and a url' });

/** A Host as a browser sends it: a name or an address, with the port where there is one in the address bar. */
const HostName = z
  .string()
  .regex(/^(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9])?)(?::[1-9][0-9]{0,4})?$/, 'must be a host name, or host:port')
  .transform((name) => name.toLowerCase());

export const Config = table({
  source: Source,
  target: z.array(TargetEntry).min(1).default(DEFAULT_TARGETS),
  services: table({
    manager: z.enum(['systemd', 'none']).default('systemd'),
    restart: z.array(UnitName).default(['dietpi-dashboard-frontend.service', 'pikit-api.service']),
    allow: z.array(UnitName).default([]),
  }).prefault({}),
  post_install: table({
    allow_unsigned: z.boolean().default(false),
    timeout: duration('60s'),
    write: z.array(HookPlace, { error: 'must be a list of paths such as ["/var/lib/dashboard"]' }).max(64).default([]),
  }).prefault({}),
  health: table({
    http: z.array(HttpUrl).default([]),
    timeout: duration('30s'),
    settle: duration('2s', { zero: true }),
  }).prefault({}),
  limits: table({
    bundle_bytes: size('512MiB'),
    files: z.int().positive().default(20_000),
    download_rate: size('0'),
    download_min_rate: size('1KiB'),
    download_timeout: duration('10min'),
    check_timeout: duration('30s'),
    retries: z.int().min(0).max(10).default(3),
    backups: z.literal(1).default(1),
  }).prefault({}),
  api: table({ hosts: z.array(HostName).max(32).default([]) }).prefault({}),
}).superRefine(({ source, target }, context) => {
  const covering = target.find(({ to }) => source.ca !== undefined && isPlaceIn(source.ca, to));
  if (covering === undefined) return;
  const message = `lies in the target '${covering.to}': a release could replace it, and with it whom this device trusts; keep it in /etc/pikit`;
  context.addIssue({ code: 'custom', path: ['source', 'ca'], message });
});
export type Config = z.infer<typeof Config>;

/** What all files of a release may hold together, where the manifest does not say it: what packs better than that is made to fill a disk. */
export function unpackedLimit({ limits }: Pick<Config, 'limits'>): number {
  return limits.bundle_bytes * 4;
}

const UNSET = "set the source in '";

/** Whether a configuration was refused because it has no source yet, or is not there. */
export function isSourceUnset({ code, hint }: UpdateError): boolean {
  return code === 'CONFIG_MISSING' || (code === 'CONFIG_INVALID' && hint?.startsWith(UNSET) === true);
}

/** What to set where there is no source yet. */
function sourceHint(file: string): string {
  return `${UNSET}${file}': [source], and below it type = "static" and url = "https://updates.example.org/pikit"`;
}

const NoAddress = z.object({ source: z.strictObject({ type: z.unknown().optional(), url: z.literal('').optional() }).optional() });

/** Whether no address was written down at all, as in an empty [source]; a typing error in there is one. */
function hasNoSource(value: unknown): boolean {
  return NoAddress.safeParse(value).success;
}

/** Validates a parsed update.toml. Throws CONFIG_INVALID naming each key, its value and what is allowed. */
export function parseConfig(value: unknown, file: string): Config {
  const result = Config.safeParse(value, { error: plainIssue });
  if (!result.success) {
    throw new UpdateError('CONFIG_INVALID', `'${file}' is not valid: ${describeIssues(result.error, value)}`, {
      hint: hasNoSource(value) ? sourceHint(file) : `edit '${file}'; every key is explained in the README under "Configure"`,
    });
  }
  return result.data;
}
