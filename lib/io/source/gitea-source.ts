/**
 * Releases of a repository on Gitea, Forgejo or GitHub as a source. One look at the list of releases tells where everything is;
 * it is kept for as long as the step runs, so a check with nothing new makes one request a page of it besides its documents. Signed
 * metadata is at fixed addresses, so a check of a device that trusts signatures asks for no list while nothing is new.
 */
import type { Config } from '../../core/device/config.ts';
import { UpdateError } from '../../core/errors.ts';
import type { GiteaRelease } from '../../core/network/gitea.ts';
import { findFile, versionsOn } from '../../core/network/gitea.ts';
import { METADATA_TAG, assetUrl, authorization, metadataAsset, repositoryAt } from '../../core/network/gitea-address.ts';
import { assetError, readError } from '../../core/network/gitea-errors.ts';
import { STABLE } from '../../core/release/branches.ts';
import { listReleases } from './gitea-list.ts';
import type { LocateRequest, Source } from './source.ts';
import type { OpenWire } from '../http/wire.ts';

export interface GiteaAccess {
  userAgent: string;
  /** Asked once, when it is needed. */
  readToken: () => string | null;
  openWire: OpenWire;
}

/** Throws CONFIG_INVALID when the address is not that of a repository. */
export function giteaSource(config: Config, access: GiteaAccess): Source {
  const repository = repositoryAt(config.source.url);
  if (repository === null) throw new UpdateError('CONFIG_INVALID', `'${config.source.url}' is not the address of a repository`);
  let token: string | null | undefined;
  let known: GiteaRelease[] | null = null;
  const secret = (): string | null => (token === undefined ? (token = access.readToken()) : token);
  // Kept only when it came: a failed request is made again by the next caller.
  const releases = async ({ branch, signal }: LocateRequest): Promise<GiteaRelease[]> =>
    (known ??= await listReleases({
      repository,
      headers: authorization(repository, secret()),
      branch: branch === STABLE ? null : branch,
      userAgent: access.userAgent,
      timeoutMs: config.limits.check_timeout,
      signal,
      wire: access.openWire(config),
      failure: (answer) => readError(answer, repository, { withToken: secret() !== null, nowMs: Date.now() }),
    }));
  return {
    name: repository.name,
    mostRetries: Infinity,
    versions: async (request) => versionsOn(await releases(request), request.branch),
    locate: async (path, request) => {
      const { branch, what } = request;
      // GitHub has public assets on another host than its API, and no use for a token there.
      const headers = (): Record<string, string> => (repository.kind === 'github' ? {} : authorization(repository, secret()));
      const fixed = metadataAsset(path);
      if (fixed !== null) {
        return {
          url: assetUrl(repository, METADATA_TAG, fixed),
          headers: headers(),
          inspect: (head, at) => {
            const failed = assetError(head, at, repository, { what, withToken: secret() !== null, nowMs: Date.now() });
            if (failed !== null) throw failed;
          },
        };
      }
      const found = findFile(await releases(request), path, branch);
      if ('missing' in found) {
        throw new UpdateError('NOT_FOUND', `${what} is not at '${repository.name}': ${found.missing}`, {
          hint: 'check source.url in /etc/pikit/update.toml; if it is right, the release may not be published yet',
          subject: repository.web.origin,
        });
      }
      return { url: assetUrl(repository, found.release.tag_name, found.asset), headers: headers() };
    },
  };
}
