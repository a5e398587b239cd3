/** A site with releases and a server over it: what most tests of the steps begin with. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import type { HeldVersion } from '../../../lib/core/device/state.ts';
import type { BuildOptions } from '../../../lib/release/builder/build.ts';
import { apply } from '../../../lib/steps/apply.ts';
import { fetchRelease } from '../../../lib/steps/fetch.ts';
import { writePublicFacts } from '../../../lib/steps/outcome/write-public-facts.ts';
import type { Device, DeviceOptions } from '../../helpers/device.ts';
import { device, netDeps, rootDeps, stepDeps, temporary } from '../../helpers/device.ts';
import type { FileSpec } from '../../helpers/site-builder.ts';
import { dashboard, emptySite, release, writeTree } from '../../helpers/site-builder.ts';
import type { SiteServer } from './site-server.ts';
import { siteServer } from './site-server.ts';

export type Files = Readonly<Record<string, string | FileSpec>>;

export interface Published {
  site: string;
  server: SiteServer;
  /** Publishes a release, by default the dashboard with the version in its page. */
  publish: (version: string, options?: Partial<BuildOptions> & { files?: Files }) => Promise<void>;
  /** Replaces text in a published manifest.json. */
  edit: (change: (manifest: Record<string, unknown>) => Record<string, unknown>) => void;
  bundle: (version: string) => string;
}

/** An empty site, and a server over it. */
export async function published(): Promise<Published> {
  const base = temporary();
  const site = emptySite(base);
  const server = await siteServer(site);
  const manifest = join(site, 'manifest.json');
  return {
    site,
    server,
    publish: async (version, { files, ...options } = {}) => {
      const from = join(base, `tree-${version}`);
      writeTree(from, files ?? dashboard(version));
      await release({ site, from, version, ...options });
    },
    edit: (change) => {
      const value: unknown = JSON.parse(fs.readFileSync(manifest, 'utf8'));
      if (typeof value !== 'object' || value === null) throw new Error('no manifest');
      fs.writeFileSync(manifest, JSON.stringify(change(Object.fromEntries(Object.entries(value)))));
    },
    bundle: (version) => join(site, `bundles/pikit-${version}.tar.gz`),
  };
}

/** A device that reads a site with these releases published one after the other; each but the last is installed. */
export async function onSite(versions: readonly string[], options: DeviceOptions = {}): Promise<Published & { on: Device }> {
  const source = await published();
  const on = device({ url: source.server.url, ...options });
  for (const [index, version] of versions.entries()) {
    await source.publish(version);
    if (index < versions.length - 1) await install(on);
  }
  return { ...source, on };
}

/** fetch and apply, by hand. */
export async function install(on: Device): Promise<void> {
  await fetchRelease(netDeps(on));
  assert.notEqual((await apply(rootDeps(on))).outcome, 'failed');
}

/** What root keeps of versions that failed here, and lets others know. */
export function holdVersions(on: Device, ...versions: HeldVersion[]): void {
  on.files.writeHeld({ schema: 1, versions });
  writePublicFacts(stepDeps(on), 'apply', null);
}
