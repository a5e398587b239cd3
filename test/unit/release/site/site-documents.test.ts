import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withDocuments } from '../../../../lib/release/site/site-documents.ts';
import { openSite } from '../../../../lib/release/site/site.ts';
import { branchSite } from '../../../helpers/branch-site.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();

it('gives the list and every manifest as they were, whatever becomes of the site, and leaves nothing behind', async () => {
  const site = branchSite(dir());
  await site.build('1.0.0');
  await site.build('1.1.0-beta.1', 'beta');
  const was = fs.readFileSync(join(site.dir, 'manifest.json'));
  const folder = await withDocuments(openSite(site.dir), async ({ dir: documents, releases }) => {
    // No build is kept from running.
    expect(spawnSync('flock', ['-n', site.dir, 'true']).status).toBe(0);
    await site.build('1.2.0');
    const lists = ['releases.json', 'releases_beta.json'];
    expect(fs.readdirSync(documents).toSorted()).toEqual([
      'branches.json',
      'branches_sequence.json',
      'manifest.json',
      'manifest_beta.json',
      ...lists,
    ]);
    expect(fs.readFileSync(join(documents, 'manifest.json'))).toEqual(was);
    expect(releases.map(({ manifest }) => manifest.version)).toEqual(['1.0.0', '1.1.0-beta.1']);
    return documents;
  });
  expect(folder.startsWith(os.tmpdir())).toBe(true);
  expect(fs.existsSync(folder)).toBe(false);
});

it('leaves nothing behind when it fails, and says what cannot be read', async () => {
  const site = branchSite(dir());
  await site.build('1.0.0');
  let folder = '';
  const failing = withDocuments(openSite(site.dir), ({ dir: documents }) => {
    folder = documents;
    return Promise.reject(new Error('inside'));
  });
  await expect(failing).rejects.toThrow('inside');
  expect(fs.existsSync(folder)).toBe(false);
  fs.writeFileSync(join(site.dir, 'manifest.json'), 'not json');
  await expect(withDocuments(openSite(site.dir), () => Promise.resolve('read'))).rejects.toMatchObject({ code: 'SITE_INVALID' });
});
