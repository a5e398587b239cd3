/** A site whose documents are signed: what a builder publishes there is named, signed and written by a repository of tests. */
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { STABLE } from '../../lib/core/release/branches.ts';
import { addBranch } from '../../lib/release/site/site-branches.ts';
import { openSite } from '../../lib/release/site/site.ts';
import type { Device, DeviceOptions } from './device.ts';
import { NOW, device } from './device.ts';
import type { RepositoryOptions, TufRepository } from './tuf-repository.ts';
import { tufRepository } from './tuf-repository.ts';
import type { Published } from '../unit/steps/published.ts';
import { install, published } from '../unit/steps/published.ts';
import { writeTree } from './tree.ts';

export interface SignedSite extends Published {
  tuf: TufRepository;
  /** Names the documents of the site as they are now, signs, and writes it all. A branch with a role of its own is signed by that. */
  sign: () => void;
  /** Writes the metadata of the repository, as it is now. */
  upload: () => void;
}

const DOCUMENT = /^(branches|(manifest|releases)(_([a-z0-9_]+))?)\.json$/;

/** An empty site, and a server over it; its first root is there. */
async function signedSite(options: RepositoryOptions = {}): Promise<SignedSite> {
  const source = await published();
  const tuf = tufRepository({ now: NOW, ...options });
  const remove = (): void => {
    fs.rmSync(join(source.site, 'tuf'), { recursive: true, force: true });
  };
  const upload = (): void => {
    remove();
    for (const [name, bytes] of tuf.files) writeTree(join(source.site, 'tuf'), { [name]: bytes.toString('utf8') });
  };
  const sign = (): void => {
    for (const name of fs.readdirSync(source.site)) {
      const [, , , , branch] = DOCUMENT.exec(name) ?? [];
      if (!DOCUMENT.test(name)) continue;
      const role = `branch-${branch ?? ''}`;
      tuf.put(name, fs.readFileSync(join(source.site, name)), tuf.delegated.has(role) ? role : 'targets');
    }
    tuf.publish();
    upload();
  };
  upload();
  return {
    ...source,
    tuf,
    sign,
    upload,
    publish: async (version, options = {}) => {
      // The builder signs by itself what is signed: here the repository of tests does.
      remove();
      const { branch = STABLE } = options;
      if (branch !== STABLE && !openSite(source.site).branches.some(({ name }) => name === branch)) addBranch(source.site, branch, {});
      await source.publish(version, options);
      upload();
    },
  };
}

/** What the owner of a device does with `pikit-update trust`. */
export function trustRoot(on: Pick<Device, 'paths'>, root: Buffer): void {
  fs.mkdirSync(dirname(on.paths.trustRoot), { recursive: true });
  fs.writeFileSync(on.paths.trustRoot, root);
}

/** A device that trusts the root of a signed site, with these releases published there; each but the last is installed. */
export async function onSignedSite(
  versions: readonly string[],
  { repository = {}, ...options }: DeviceOptions & { repository?: RepositoryOptions } = {},
): Promise<SignedSite & { on: Device }> {
  const source = await signedSite(repository);
  const on = device({ url: source.server.url, ...options });
  trustRoot(on, source.tuf.initialRoot);
  for (const [index, version] of versions.entries()) {
    await source.publish(version);
    source.sign();
    if (index < versions.length - 1) await install(on);
  }
  return { ...source, on };
}
