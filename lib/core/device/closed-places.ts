/**
 * Places of a device at which nothing of a release may be put. Either they are the updater's own: those who could replace them
 * would decide what root runs and whom it trusts. Or the units cannot write there, so that no update could ever work.
 */
import { posix } from 'node:path';

/** Two spellings of one directory on every Debian since the merge of /usr (12), and of /run. */
const ALIASES: readonly (readonly [string, string])[] = [
  ['/var/run', '/run'],
  ['/var/lock', '/run/lock'],
  ['/lib', '/usr/lib'],
  ['/lib64', '/usr/lib64'],
  ['/bin', '/usr/bin'],
  ['/sbin', '/usr/sbin'],
];

/** The order in which root's shell looks for a command. */
export const COMMAND_DIRS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'] as const;

/** The updater's own commands, and all that its units and commands run. */
const OWN_COMMANDS = new Set(
  ['pikit-update', 'pikit-release', 'node', 'nodejs', 'sh', 'bash', 'dash', 'perl', 'env', 'mv', 'nginx', 'zstd', 'flock', 'logger'].concat([
    'systemctl',
    'systemd-notify',
    'systemd-sysusers',
    'systemd-tmpfiles',
    'journalctl',
    'deb-systemd-helper',
    'deb-systemd-invoke',
  ]),
);

const CONFIGURATION = "the updater's configuration, tokens and trust";
const DATA = 'what the updater keeps about this device';
const PROGRAM = "the updater's own program";
const UNITS = "the updater's units and their rights";

/** In lower case, and by the names that the aliases stand for. */
const OWN: readonly (readonly [RegExp, string])[] = [
  [/^\/etc\/pikit\/(?:update\.|trust(?:[./]|$)|version(?:[./]|$)|\.pikit-|[^/]*token)/, CONFIGURATION],
  [/^\/var\/lib\/(?:private\/)?pikit(?:\/|$)/, DATA],
  [/^\/var\/(?:lib|cache|log)\/(?:private\/)?pikit-update/, DATA],
  [/^\/var\/backups\/pikit/, DATA],
  [/^\/run\/pikit-update/, DATA],
  [/^\/usr\/(?:local\/)?(?:lib|libexec|share|share\/doc)\/pikit-update(?:\/|$)/, PROGRAM],
  [/^\/var\/lib\/dpkg\/info\/pikit-update/, PROGRAM],
  // Drop-ins count by the beginning of a unit's name as well: pikit-.service.d/, service.d/ (systemd.unit(5)).
  [/^\/(?:etc|usr\/lib|usr\/local\/lib|usr\/share)\/systemd\/(?:.*\/)?(?:\d+-)?pikit-(?:update|\.)/, UNITS],
  [/^\/(?:etc|usr\/lib|usr\/local\/lib)\/systemd\/[^/]+\/(?:service|timer|socket)\.d(?:\/|$)/, UNITS],
  [
    /^\/(?:etc|usr\/share|usr\/local\/share|usr\/lib)\/(?:polkit-1\/(?:rules|actions)|sysusers|tmpfiles|systemd\/catalog)(?:\.d)?\/[^/]*pikit-update/,
    UNITS,
  ],
];

/** Directories of the updater as far as their names are known: nothing else may stand at them, or above them. */
const OWN_DIRS = [
  '/etc/pikit/trust',
  '/var/lib/pikit',
  '/var/lib/pikit-update',
  '/var/cache/pikit-update',
  '/var/backups/pikit',
  '/var/backups/pikit-previous',
  '/usr/lib/pikit-update',
  '/usr/share/pikit-update',
];

/** A directory that is one of these by another name (a link, a bind mount) is guarded as that one is. */
export const GUARDED_DIRS: readonly string[] = [
  ...OWN_DIRS,
  '/',
  '/etc',
  '/etc/pikit',
  '/etc/systemd',
  '/etc/systemd/system',
  '/usr',
  '/usr/lib',
  '/usr/lib/systemd',
  '/usr/lib/systemd/system',
  '/usr/share',
  '/usr/share/polkit-1/rules.d',
  '/usr/local',
  ...COMMAND_DIRS.slice(0, 4),
  '/var',
  '/var/lib',
  '/var/cache',
  '/var/backups',
];

const ELSEWHERE = 'choose a place below /var/www, /usr/local or /srv';

/** What the units keep closed, whatever drop-ins open (ProtectHome=, PrivateTmp=, PrivateDevices=, ProtectSystem=). */
const CLOSED: readonly (readonly [RegExp, string])[] = [
  [/^\/(?:home|root)(?:\/|$)/, 'home directories are closed to the units of the updater (ProtectHome=)'],
  [/^\/run(?:\/|$)/, 'it is empty after every start of the device, and closed to the units of the updater'],
  [/^\/(?:var\/)?tmp(?:\/|$)/, 'the units of the updater have a temporary directory of their own there (PrivateTmp=)'],
  [/^\/(?:proc|sys|dev)(?:\/|$)/, 'it holds no files of a disk'],
];

export interface ClosedPlace {
  /** Why nothing may be put there, to be read after the path. */
  why: string;
  /** What is possible instead. */
  hint: string;
}

/**
 * Says why nothing of a release may be put at a path of the device, or null. `path` may be spelled in any way; it is that of a
 * directory when it ends in `/`, and one above a place of the updater may hold other things.
 */
export function closedPlace(path: string): ClosedPlace | null {
  const place = canonical(path);
  const own = ownerOf(place) ?? (path.endsWith('/') || !isAboveOwn(place) ? null : `above ${DATA}`);
  if (own !== null) return { why: `it is ${own}, which no release may bring`, hint: ELSEWHERE };
  const closed = CLOSED.find(([pattern]) => pattern.test(place));
  return closed === undefined ? null : { why: closed[1], hint: ELSEWHERE };
}

/** Whether a path belongs to the updater itself. */
export function isOwnPlace(path: string): boolean {
  return ownerOf(canonical(path)) !== null;
}

/** Whether a target leads to this file: `to` is that file, or a folder (with `/` at its end) above it. */
export function isPlaceIn(path: string, to: string): boolean {
  const [place, target] = [canonical(path), canonical(to)];
  return place === target || (to.endsWith('/') && place.startsWith(target === '/' ? '/' : `${target}/`));
}

function ownerOf(place: string): string | null {
  const own = OWN.find(([pattern]) => pattern.test(place));
  if (own !== undefined) return own[1];
  const isCommand = COMMAND_DIRS.some((dir) => dir === posix.dirname(place));
  return isCommand && OWN_COMMANDS.has(posix.basename(place)) ? 'a command that the updater itself runs' : null;
}

function isAboveOwn(place: string): boolean {
  return OWN_DIRS.some((dir) => dir.startsWith(`${place}/`));
}

/** One spelling for each place; letters of any case are one on some filesystems. */
function canonical(path: string): string {
  const plain = posix
    .normalize(`/${path}`)
    .replace(/(?<=.)\/+$/, '')
    .replace(/^\/+/, '/')
    .normalize('NFC')
    .toLowerCase();
  const alias = ALIASES.find(([from]) => plain === from || plain.startsWith(`${from}/`));
  return alias === undefined ? plain : alias[1] + plain.slice(alias[0].length);
}
