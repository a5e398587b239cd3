/** A site with more branches than stable, for tests of the steps. */
import { join } from 'node:path';
import type { BuildOptions } from '../../../lib/release/builder/build.ts';
import { copyToBranch } from '../../helpers/branch-files.ts';
import { temporary } from '../../helpers/device.ts';
import { dashboard, emptySite, release, writeTree } from '../../helpers/site-builder.ts';
import type { Files, Published } from './published.ts';

type Options = Partial<BuildOptions> & { files?: Files };

/** Publishes a release on a branch of a site; the dashboard by default. */
export async function publishOn({ site }: Pick<Published, 'site'>, branch: string, version: string, options: Options = {}): Promise<void> {
  const { files, ...more } = options;
  const base = temporary();
  const workshop = emptySite(base);
  const from = writeTree(join(base, 'tree'), files ?? dashboard(version));
  await release({ site: workshop, from, version, ...more });
  copyToBranch(workshop, site, branch);
}
