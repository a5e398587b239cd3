/** A token that cannot be removed is told, and is never a reason not to go back; where it would let a run go too far, it is an error. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { devicePaths, tokenPath } from '../../../../lib/core/device/paths.ts';
import { stateFiles } from '../../../../lib/io/state/state-files.ts';
import { withAttributes } from '../../../helpers/attributes.ts';
import { temporary } from '../../../helpers/device.ts';
import { shareFolders } from '../../../helpers/shared-folders.ts';

it('which cannot be removed counts as taken or dropped, where it is about going back; before an installation it is an error', (context) => {
  const root = temporary();
  const ran = withAttributes(root, () => {
    const paths = devicePaths(root);
    const reports: string[] = [];
    const files = stateFiles(paths, (message) => reports.push(message));
    shareFolders(root, paths);
    const stuck = (['granted', 'next'] as const).flatMap((where) => (['apply', 'rollback'] as const).map((step) => tokenPath(paths, where, step)));
    for (const path of stuck) {
      fs.mkdirSync(dirname(path), { recursive: true });
      fs.writeFileSync(path, JSON.stringify({ run: 'a-run', until: 'rollback', by: 'apply' }));
      execFileSync('chattr', ['+i', path]);
    }
    expect(files.takeToken('rollback')).toEqual({ run: 'a-run', until: 'rollback', by: 'apply' });
    expect(files.takeToken('apply')).toEqual({ run: 'a-run', until: 'apply', by: 'timer' });
    files.dropToken('rollback');
    expect(reports.map((line) => line.replaceAll(root, '').replace(/ignoring: .*/, 'ignoring: …'))).toEqual([
      "failed to remove the token '/run/pikit-update/orders/granted/rollback', ignoring: …",
      "failed to remove the token '/run/pikit-update/orders/granted/apply', ignoring: …",
      "failed to remove the token '/run/pikit-update/orders/next/rollback', ignoring: …",
    ]);
    expect(() => {
      files.dropToken('apply');
    }).toThrow(/EPERM/);
  });
  if (!ran) context.skip('needs root, and a filesystem with attributes');
});
