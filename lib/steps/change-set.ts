/** From a staged release to what the transaction shall put where. */
import fs from 'node:fs';
import type { Config } from '../core/config.ts';
import { isOwnPlace } from '../core/closed-places.ts';
import { UpdateError } from '../core/errors.ts';
import type { Manifest } from '../core/manifest.ts';
import { fileMode } from '../core/manifest.ts';
import { mapToDevice } from '../core/targets.ts';
import { lstatOrNull } from '../transaction/durable.ts';
import type { ChangeSet, Put } from '../transaction/plan.ts';
import type { Installed } from '../transaction/types.ts';
import { ORDER, orderOf } from '../transaction/order.ts';
import { createHash } from 'node:crypto';
import { VERSION_FILE } from '../core/paths.ts';

/**
 * Everything of the release, and the removal of what only the installed one has. Throws STAGED_INVALID for a missing file,
 * PATH_REFUSED for one that would be the updater's own; what an earlier updater let such a release bring is left alone.
 */
export function releaseChange(manifest: Manifest, tree: string, config: Config, branch: string, installed: Installed | null): ChangeSet {
  const mapped = mapToDevice(
    manifest.files.map((file) => file.path),
    config.target,
  );
  const puts = manifest.files.map((file): Put => {
    const staged = `${tree}/${file.path}`;
    const stat = lstatOrNull(staged);
    if (stat?.isFile() !== true || (file.size !== undefined && stat.size !== file.size)) {
      throw new UpdateError('STAGED_INVALID', `what was staged is damaged: '${file.path}' is not there as it was`, {
        hint: 'start it again: it is fetched anew',
      });
    }
    const mode = fileMode(file, startsWithShebang(staged));
    const path = mapped.get(file.path) ?? '';
    return {
      path,
      sha256: file.sha256,
      size: stat.size,
      mode,
      order: orderOf(path, mode),
      config: file.config,
      content: { from: 'file', file: staged },
      listed: true,
    };
  });
  const stays = new Set(puts.map((put) => put.path));
  return {
    puts: [...puts, versionPut(manifest.version)],
    deletes: (installed?.files ?? []).map((file) => file.path).filter((path) => !stays.has(path) && !isOwnPlace(path)),
    installed,
    version: manifest.version,
    branch,
    restore: null,
  };
}

/** The version file is part of the change: it says the new version exactly when the files are the new ones. */
function versionPut(version: string): Put {
  const bytes = Buffer.from(`${version}\n`);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const content = { from: 'bytes' as const, bytes };
  return { path: VERSION_FILE, sha256, size: bytes.length, mode: 0o644, order: ORDER.version, config: false, content, listed: false };
}

function startsWithShebang(file: string): boolean {
  const fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
  try {
    const start = Buffer.alloc(2);
    return fs.readSync(fd, start, 0, 2, 0) === 2 && start.toString('latin1') === '#!';
  } finally {
    fs.closeSync(fd);
  }
}
