/** The command line of pikit-update, parsed into what the commands take. Every mistake is USAGE, names the value and what is allowed. */
import { posix } from 'node:path';
import { isBranchName } from '../core/release/branches.ts';
import type { Asked } from '../core/command-line/command-table.ts';
import { choiceOf, chooseCommand, parseWith, usage } from '../core/command-line/command-table.ts';
import { toUpdateError } from '../core/errors.ts';
import type { Auto } from '../core/device/state.ts';
import { AUTO_CHOICES, Settings } from '../core/device/state.ts';
import { parseVersion } from '../core/release/version.ts';
import { parseFingerprint } from '../core/trust/parse-fingerprint.ts';
import type { CommandName } from './usage.ts';
import { UPDATE } from './usage.ts';

export type Command =
  | Asked<CommandName>
  | { name: 'status' | 'check' | 'rollback' | 'cancel' | 'plan'; json: boolean }
  | { name: 'apply'; json: boolean; version: string | null; replace: readonly string[] }
  | { name: 'branch'; json: boolean; wanted: BranchWish }
  | { name: 'auto'; json: boolean; auto: Auto | null; time: string | null }
  | { name: 'trust'; json: boolean; wanted: TrustWish }
  | { name: 'history'; json: boolean; count: number | null }
  | { name: 'logs'; follow: boolean; count: number | null };

/** What `branch` is to do. */
export type BranchWish = { is: 'list' } | { is: 'choose'; branch: string } | { is: 'dismiss'; id: string | null };

/** What `trust` is to do. Fingerprints are as keyFingerprint makes them. */
export type TrustWish =
  { is: 'show' } | { is: 'reset'; yes: boolean } | { is: 'set'; from: RootPlace; fingerprints: readonly string[]; yes: boolean };

/** Where a root is to be had: a file, `-` for standard input, or the source. */
export type RootPlace = { is: 'file'; path: string } | { is: 'input' } | { is: 'source' };

/** Parses the arguments after the program's name. Throws USAGE. */
export function parseCommand(args: readonly string[]): Command {
  const chosen = chooseCommand(UPDATE, args);
  return chosen.name === 'command' ? parseOptions(chosen.of, chosen.rest) : chosen;
}

function parseOptions(name: CommandName, args: string[]): Command {
  switch (name) {
    case 'status':
    case 'check':
    case 'rollback':
    case 'cancel':
    case 'plan': {
      const { values } = parseWith(UPDATE, name, args);
      return { name, json: values.json };
    }
    case 'apply': {
      const { values } = parseWith(UPDATE, name, args);
      const version = values.version === undefined ? null : versionOf(values.version);
      return { name, json: values.json, version, replace: values.replace.map(replaceable) };
    }
    case 'branch': {
      const { values, positionals } = parseWith(UPDATE, name, args);
      return { name, json: values.json, wanted: branchWish(positionals[0], values.dismiss) };
    }
    case 'auto': {
      const { values, positionals } = parseWith(UPDATE, name, args);
      const [typed] = positionals;
      const auto = typed === undefined ? null : choiceOf(typed, AUTO_CHOICES, `'${typed}' is not a choice for auto`);
      return { name, json: values.json, auto, time: timeOf(values.time) };
    }
    case 'trust': {
      const { values, positionals } = parseWith(UPDATE, name, args);
      return { name, json: values.json, wanted: trustWish(positionals[0], values) };
    }
    case 'history': {
      const { values } = parseWith(UPDATE, name, args);
      return { name, json: values.json, count: countOf(values.lines) };
    }
    case 'logs': {
      const { values } = parseWith(UPDATE, name, args);
      return { name, follow: values.follow, count: countOf(values.lines) };
    }
    default:
      return name satisfies never;
  }
}

function versionOf(typed: string): string {
  try {
    return parseVersion(typed);
  } catch (error) {
    const { message, hint } = toUpdateError(error);
    throw usage(`--version: ${message}`, hint ?? '', error);
  }
}

function replaceable(typed: string): string {
  if (typed.startsWith('/') && !typed.endsWith('/')) return posix.normalize(typed);
  throw usage(
    `--replace '${typed}' is not the path of a file`,
    'give an absolute path, for example /usr/local/bin/tool; `pikit-update plan` lists them',
  );
}

function branchWish(word: string | undefined, dismiss: boolean): BranchWish {
  if (dismiss) return { is: 'dismiss', id: word ?? null };
  if (word === undefined || word === 'list') return { is: 'list' };
  if (isBranchName(word)) return { is: 'choose', branch: word };
  throw usage(`'${word}' is not a valid branch name`, 'names contain only a-z, 0-9 and _; `pikit-update branch list` lists the branches');
}

interface TrustOptions {
  'from-source': boolean;
  fingerprint: readonly string[];
  yes: boolean;
}

function trustWish(word: string | undefined, { 'from-source': fromSource, fingerprint, yes }: TrustOptions): TrustWish {
  if (word === 'show' || word === 'reset' || (word === undefined && !fromSource)) {
    const is = word ?? 'show';
    const extra = [
      ...(fromSource ? ['--from-source'] : []),
      ...(fingerprint.length > 0 ? ['--fingerprint'] : []),
      ...(yes && is === 'show' ? ['--yes'] : []),
    ];
    const [first] = extra;
    if (first !== undefined) {
      const what = word === undefined ? `${first} needs a root to trust` : `\`trust ${word}\` does not take ${first}`;
      throw usage(what, 'name a file or --from-source: pikit-update trust FILE --fingerprint SHA256:…; a file with this name is ./show or ./reset');
    }
    return is === 'reset' ? { is: 'reset', yes } : { is: 'show' };
  }
  if (word !== undefined && fromSource) throw usage(`'${word}' and --from-source exclude each other`, 'give the file, or let the source have it');
  const from: RootPlace = word === undefined ? { is: 'source' } : word === '-' ? { is: 'input' } : { is: 'file', path: word };
  return { is: 'set', from, fingerprints: fingerprint.map(fingerprintOf), yes };
}

function fingerprintOf(typed: string): string {
  const fingerprint = parseFingerprint(typed);
  if (fingerprint !== null) return fingerprint;
  throw usage(
    `--fingerprint '${typed}' is not a fingerprint`,
    'give the SHA-256 of the key as SHA256: and 43 letters of base64, or as 64 hexadecimal digits',
  );
}

function timeOf(typed: string | undefined): string | null {
  if (typed === undefined) return null;
  if (Settings.shape.time.safeParse(typed).success) return typed;
  throw usage(`--time '${typed}' is not a time of day`, 'allowed: 00:00 to 23:59, for example 04:20');
}

function countOf(typed: string | undefined): number | null {
  if (typed === undefined) return null;
  if (/^[1-9]\d{0,5}$/.test(typed)) return Number(typed);
  throw usage(`-n '${typed}' is not a number of lines`, 'allowed: 1 to 999999');
}
