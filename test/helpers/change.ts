/** Releases and devices for tests of the transaction: built from tables, driven as the steps drive it. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import type { ErrorCode } from '../../lib/core/errors.ts';
import { UpdateError } from '../../lib/core/errors.ts';
import { VERSION_FILE, devicePaths } from '../../lib/core/device/paths.ts';
import { writeDurable } from '../../lib/transaction/files/durable.ts';
import { readInstalled } from '../../lib/transaction/change/installed.ts';
import { ORDER, orderOf } from '../../lib/transaction/plan/operation-order.ts';
import type { TransactionPaths } from '../../lib/transaction/transaction-paths.ts';
import { transactionPaths } from '../../lib/transaction/transaction-paths.ts';
import type { ChangeSet, Failure, Installed, Journal, Put } from '../../lib/transaction/types.ts';
import { planChange } from '../../lib/transaction/plan/plan.ts';
import type { Recording } from '../../lib/transaction/recovery/recover.ts';
import { recover } from '../../lib/transaction/recovery/recover.ts';
import { rollForward } from '../../lib/transaction/change/roll-forward.ts';
import { readBackup, rollbackChange } from '../../lib/transaction/plan/rollback-change.ts';
import { commit, startApplying, open, undo } from '../../lib/transaction/transaction.ts';

export interface ReleaseFile {
  text: string;
  mode?: number;
  config?: boolean;
}

export interface Release {
  version: string;
  /** Device path to content. */
  files: Readonly<Record<string, string | ReleaseFile>>;
}

/** The place in a folder that stands for `/`, owned by the user who runs the test. */
export function placeIn(root: string): TransactionPaths {
  return transactionPaths(devicePaths(root));
}

function put(path: string, file: ReleaseFile, order: number): Put {
  const bytes = Buffer.from(file.text);
  const mode = file.mode ?? 0o644;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { path, sha256, size: bytes.length, mode, order, config: file.config ?? false, content: { from: 'bytes', bytes }, listed: true };
}

/** The change from what is installed to a release, its content taken from the staging folder beside the root. */
export function releaseChange(place: TransactionPaths, release: Release, installed: Installed | null = readInstalled(place)): ChangeSet {
  const puts = Object.entries(release.files).map(([path, entry]): Put => {
    const file = typeof entry === 'string' ? { text: entry } : entry;
    return put(path, file, orderOf(path, file.mode ?? 0o644));
  });
  const version = { ...put(VERSION_FILE, { text: `${release.version}\n` }, ORDER.version), listed: false };
  const stays = new Set(puts.map(({ path }) => path));
  return {
    puts: [...puts.map((file) => staged(place, release, file)), version],
    deletes: (installed?.files ?? []).map(({ path }) => path).filter((path) => !stays.has(path)),
    installed,
    version: release.version,
    branch: 'stable',
    restore: null,
  };
}

/** Content from a file if stageRelease() wrote one, from memory otherwise. */
function staged(place: TransactionPaths, release: Release, file: Put): Put {
  const base = join(dirname(place.root), 'staging');
  const path = `${release.version}/${file.sha256}`;
  return fs.existsSync(join(base, path)) ? { ...file, content: { from: 'untrusted', base, file: path } } : file;
}

export function stageRelease(place: TransactionPaths, release: Release): void {
  const dir = join(dirname(place.root), 'staging', release.version);
  fs.mkdirSync(dir, { recursive: true });
  for (const { sha256, content } of releaseChange(place, release, null).puts) {
    if (content.from === 'bytes') fs.writeFileSync(join(dir, sha256), content.bytes);
  }
}

const NOW = new Date('2026-01-02T03:04:05.678Z');

/** Where these flows record what came of a transaction; a step writes state.json and history. */
export function recordFile(place: TransactionPaths): string {
  return join(place.root, 'record');
}

export function recordingIn(place: TransactionPaths): Recording {
  return {
    undone: (journal) => {
      writeDurable(recordFile(place), `${String(journal.from)}\n`, { mode: 0o644 });
    },
    finished: (journal) => {
      writeDurable(recordFile(place), `${String(journal.to)}\n`, { mode: 0o644 });
    },
  };
}

function failureOf(code: ErrorCode): Failure {
  return { code, message: 'it does not answer', hint: null, subject: null, lines: [] };
}

/** As the apply step does it. Answers what commit() does; throws what went wrong, after going back. */
export function applyRelease(place: TransactionPaths, release: Release, isHealthy = true): UpdateError | null {
  const recording = recordingIn(place);
  recover(place, recording);
  const installed = readInstalled(place);
  const plan = planChange(place, releaseChange(place, release, installed));
  const opening = { kind: 'apply' as const, from: installed?.version ?? null, to: release.version, branch: 'stable', now: NOW, backup: null };
  const journal = open(place, opening, plan, installed);
  try {
    const applying = startApplying(place, journal);
    if (!isHealthy) throw new UpdateError('PROBE_FAILED', 'it does not answer');
    return commit(place, applying, recording.finished);
  } catch (error) {
    undo(place, journal, failureOf('PROBE_FAILED'), recording.undone);
    throw error;
  }
}

/** As the rollback step does it: from the first rename on only forward. */
export function rollBack(place: TransactionPaths): UpdateError | null {
  const recording = recordingIn(place);
  recover(place, recording);
  const installed = readInstalled(place);
  const found = readBackup(place);
  const plan = planChange(place, rollbackChange(place, found, installed));
  const opening = { kind: 'rollback' as const, from: found.backup.to, to: found.backup.from, branch: 'stable', now: NOW, backup: found.folder };
  const journal = open(place, opening, plan, installed);
  return commit(place, enterOrGoOn(place, journal), recording.finished);
}

function enterOrGoOn(place: TransactionPaths, journal: Journal): Journal {
  try {
    return startApplying(place, journal);
  } catch {
    return rollForward(place, journal);
  }
}
