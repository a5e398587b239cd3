import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { VERSION_FILE } from '../../../../lib/core/device/paths.ts';
import { planChange } from '../../../../lib/transaction/plan/plan.ts';
import { applyRelease, placeIn, releaseChange } from '../../../helpers/change.ts';
import { V1, V2, device } from '../../../helpers/scenario.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { snapshot } from '../../../helpers/tree.ts';

const dir = useTempDir();
const WEB = '/var/www/pikit-web';

describe('planChange', () => {
  it('plans what differs, in order, and writes nothing', () => {
    const place = device(`${dir()}/device`);
    const before = snapshot(place.root);
    const plan = planChange(place, releaseChange(place, V2));
    const what = plan.ops.map((op) => `${op.old?.type ?? 'none'} > ${op.new?.type ?? 'none'} ${op.path.replace(`${WEB}/`, '')}`);
    expect(what).toEqual([
      'file > file adopted.txt',
      'none > file assets/app-2.js',
      'none > file deep/er/new.txt',
      'file > file edited.txt',
      'dir > file nest',
      'none > file site.conf.pikit-new',
      'file > dir thing',
      'file > file /usr/local/bin/pikit-api.py',
      'file > file run.sh',
      'file > file index.html',
      `file > file ${VERSION_FILE}`,
      'file > none assets/app-1.js',
      'file > none old/only/x (1) größe.txt',
    ]);
    expect(plan.ops.map((op) => op.n)).toEqual(what.map((_line, index) => index + 1));
    expect(plan).toMatchObject({
      mkdirs: [`${WEB}/deep`, `${WEB}/deep/er`],
      rmdirs: [`${WEB}/old/only`, `${WEB}/assets`, `${WEB}/old`].filter((path) => !path.endsWith('assets')),
      drift: [`${WEB}/edited.txt`],
      kept: [`${WEB}/site.conf.pikit-new`],
    });
    expect(snapshot(place.root)).toEqual(before);
  });

  it('plans nothing for the release that is there', () => {
    const place = placeIn(dir());
    applyRelease(place, V1);
    const plan = planChange(place, releaseChange(place, V1));
    expect([plan.ops, plan.mkdirs, plan.rmdirs, plan.drift]).toEqual([[], [], [], []]);
    expect(planChange(place, releaseChange(place, V1)).after).toEqual(releaseChange(place, V1).installed);
  });

  it.each<[string, string]>([
    ['newline', `${WEB}/a\nb`],
    ['relative', 'web/a'],
    ['climbing', `${WEB}/../a`],
  ])('refuses a path that the journal could not hold: %s', (_name, path) => {
    const place = placeIn(dir());
    expect(() => planChange(place, releaseChange(place, { version: '1.0.0', files: { [path]: 'x' } }))).toThrow(
      expect.objectContaining({ code: 'PATH_REFUSED' }),
    );
  });

  it('knows every directory of a release that has a folder for each file, and which of them go', () => {
    const place = placeIn(dir());
    const pages = (kept: number, text: string): Record<string, string> =>
      Object.fromEntries(Array.from({ length: kept }, (_value, n) => [`${WEB}/${String(n)}/of/index.html`, n === 0 ? text : 'same']));
    applyRelease(place, { version: '1.0.0', files: pages(2000, 'old') });
    const plan = planChange(place, releaseChange(place, { version: '1.1.0', files: pages(1500, 'new') }));
    const gone = Array.from({ length: 500 }, (_value, n) => `${WEB}/${String(1500 + n)}`);
    expect(plan.ops).toHaveLength(2 + gone.length);
    expect(new Set(plan.rmdirs)).toEqual(new Set(gone.flatMap((folder) => [`${folder}/of`, folder])));
    const inner = plan.rmdirs.findIndex((folder) => !folder.endsWith('/of'));
    expect(plan.rmdirs.slice(inner).every((folder) => !folder.endsWith('/of'))).toBe(true);
    expect(plan.after.dirs.filter((folder) => folder.startsWith(`${WEB}/`))).toHaveLength(2 * 1500);
  });

  it('refuses a folder of backups that is a symlink', () => {
    const place = device(`${dir()}/device`);
    fs.renameSync(`${place.root}/var/backups/pikit`, `${place.root}/elsewhere`);
    fs.symlinkSync('/elsewhere', `${place.root}/var/backups/pikit`);
    expect(() => planChange(place, releaseChange(place, V2))).toThrow(expect.objectContaining({ code: 'DEST_TYPE' }));
  });
});
