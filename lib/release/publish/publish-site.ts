/** `pikit-release publish`: a site that is in order, to where devices find it. */
import { join } from 'node:path';
import { UpdateError } from '../../core/errors.ts';
import { repositoryAt } from '../../core/network/gitea-address.ts';
import { foreignManifests, publishToFolder } from './publish-folder.ts';
import type { SiteRelease } from './site-releases.ts';
import { chosenReleases, releasesToPublish } from './site-releases.ts';
import type { BranchManifest } from '../site/site.ts';
import { isSigned, openSite } from '../site/site.ts';
import { readList, settleList } from './published-list.ts';
import { withLockIfAny } from '../site/site-lock.ts';
import { withDocuments } from '../site/site-documents.ts';
import { verifySite } from '../verify/verify.ts';
import type { Withdrawal } from '../site/withdrawn.ts';
import { allWithdrawn, carriedOut } from '../site/withdrawn.ts';

export interface PublishOptions {
  site: string;
  /** `gitea:https://git.example.org/owner/repo`, or a folder. */
  to: string;
  /** All that have a release, if empty. */
  branches: readonly string[];
  token: string | null;
  /** Downloads bundles that are there to compare them, not only their sizes. */
  verify: boolean;
  /** The moment at which signatures have to be valid. */
  at?: Date;
  signal: AbortSignal;
  onDone: (what: string) => void;
}

export interface PublishReport {
  to: string;
  branches: { branch: string; version: string }[];
  /** What was done, in order; empty when everything was there. */
  done: string[];
  notices: string[];
}

const GITEA = 'gitea:';

/**
 * Publishes what the branches of a site offer. The site is checked first, and nothing of one that is not in order is published.
 * Whatever stops it, devices find the old or the new, and running it again completes it. Throws USAGE, SITE_INVALID, and what
 * the ways of publishing throw.
 */
export async function publishSite(options: PublishOptions): Promise<PublishReport> {
  const target = options.to.startsWith(GITEA) ? repositoryOf(options) : null;
  assertWhole(options);
  return await withDocuments(openSite(options.site), async (documents) => {
    const withdrawn = carriedOut(allWithdrawn(documents.dir), documents.releases);
    const chosen = chosenReleases(options.site, documents.releases, options.branches, withdrawn);
    await assertInOrder(options);
    withLockIfAny(options.site, () => {
      settleList(options.site, readList(documents.dir));
    });
    return await publishChosen(options, target, { documents: documents.dir, chosen, withdrawn: withdrawn.filter(isChosen(options)) });
  });
}

/** The snapshot of a signed site names all that is signed: a part of it is none. */
function assertWhole({ site, branches }: PublishOptions): void {
  if (branches.length === 0 || !isSigned(site)) return;
  throw new UpdateError('USAGE', `--branch ${branches[0] ?? ''}: a signed site is published as a whole`, {
    hint: 'leave --branch out; a branch that is not ready stays as it is until its release is built',
  });
}

async function publishChosen(
  options: PublishOptions,
  target: GiteaTarget | null,
  { documents, chosen, withdrawn }: { documents: string; chosen: readonly BranchManifest[]; withdrawn: readonly Withdrawal[] },
): Promise<PublishReport> {
  const done: string[] = [];
  const onDone = (what: string): void => {
    done.push(what);
    options.onDone(what);
  };
  const report: PublishReport = {
    to: options.to,
    branches: chosen.map(({ branch, manifest }) => ({ branch, version: manifest.version })),
    done,
    notices: [],
  };
  if (target !== null) {
    await toGitea(options, documents, { ...target, releases: releasesToPublish(options.site, { dir: documents }, chosen), withdrawn, onDone });
    return report;
  }
  publishToFolder({
    site: options.site,
    documents,
    to: options.to,
    manifests: chosen.map(({ name }) => name),
    withdrawn,
    branches: options.branches.length === 0 ? null : options.branches,
    signal: options.signal,
    onDone,
  });
  const foreign = foreignManifests(options.site, options.to);
  report.notices.push(...foreign.map((name) => `'${join(options.to, name)}' is not of this site, and was left there`));
  return report;
}

function isChosen({ branches }: PublishOptions): (one: { branch: string }) => boolean {
  return ({ branch }) => branches.length === 0 || branches.includes(branch);
}

interface GiteaTarget {
  repository: NonNullable<ReturnType<typeof repositoryAt>>;
  token: string;
}

function repositoryOf({ to, token }: PublishOptions): GiteaTarget {
  const repository = repositoryAt(to.slice(GITEA.length));
  if (repository === null) {
    throw new UpdateError('USAGE', `--to '${to}' does not name a repository`, { hint: 'for example: --to gitea:https://git.example.org/owner/repo' });
  }
  if (repository.kind === 'github') {
    throw new UpdateError('USAGE', `'${repository.name}' is on GitHub, from where devices can read, but where pikit-release cannot publish`, {
      hint: "upload the files of the site with GitHub's own tools: see docs/hosting.md",
    });
  }
  if (token !== null) return { repository, token };
  throw new UpdateError('USAGE', 'publishing to Gitea needs a token', {
    hint: 'put it into the environment as PIKIT_RELEASE_TOKEN, or into a file given with --token-file; never on the command line',
  });
}

async function toGitea(
  options: PublishOptions,
  documents: string,
  target: GiteaTarget & { releases: readonly SiteRelease[]; withdrawn: readonly Withdrawal[]; onDone: (what: string) => void },
): Promise<void> {
  const { signal, verify } = options;
  // Loaded when it is needed: the other commands have no use for a network.
  const [{ giteaClient }, { publishToGitea }, { readMetadataSet }] = await Promise.all([
    import('../../io/source/gitea-client.ts'),
    import('./publish-gitea.ts'),
    import('../gitea/metadata-set.ts'),
  ]);
  await publishToGitea({
    client: giteaClient(target.repository, { token: target.token, signal }),
    releases: target.releases,
    withdrawn: target.withdrawn,
    documents,
    metadata: readMetadataSet(documents),
    branches: options.branches.length === 0 ? null : options.branches,
    to: options.to,
    verify,
    onDone: target.onDone,
  });
}

async function assertInOrder({ site, signal, at = new Date() }: PublishOptions): Promise<void> {
  const { problems } = await verifySite(site, signal, { at });
  if (problems.length === 0) return;
  const more = problems.length === 1 ? '' : ` (and ${String(problems.length - 1)} more)`;
  throw new UpdateError('SITE_INVALID', `the site '${site}' is not in order: ${problems[0] ?? ''}${more}`, {
    hint: `nothing was published; see everything that is wrong with: pikit-release verify --site ${site}`,
  });
}
