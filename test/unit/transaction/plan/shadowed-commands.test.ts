import fs from 'node:fs';
import { expect, it } from 'vitest';
import { planChange } from '../../../../lib/transaction/plan/plan.ts';
import { replacedPrograms } from '../../../../lib/transaction/plan/replaced-programs.ts';
import { shadowedCommands } from '../../../../lib/transaction/plan/shadowed-commands.ts';
import { placeIn, releaseChange } from '../../../helpers/change.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { writeTree } from '../../../helpers/tree.ts';

const dir = useTempDir();
const BIN = '/usr/local/bin';

it('names programs that come before a command of the system, and no others', () => {
  writeTree(dir(), { '/usr/bin/sudo': 'x', '/usr/sbin/ip': 'x', '/usr/bin/notes': 'x', '/usr/bin/ours': 'x', [`${BIN}/ours`]: 'old' });
  fs.symlinkSync('/etc/alternatives/awk', `${dir()}/usr/bin/awk`);
  fs.symlinkSync('usr/bin', `${dir()}/bin`);
  const names = ['sudo', 'ip', 'awk', 'ours', 'pikit-temperature'];
  const files = Object.fromEntries(names.map((name) => [`${BIN}/${name}`, { text: name, mode: 0o755 }]));
  const place = placeIn(dir());
  const { ops } = planChange(
    place,
    releaseChange(place, { version: '1.0.0', files: { ...files, [`${BIN}/notes`]: 'read me', '/var/www/sudo': 'x' } }),
  );
  expect(shadowedCommands(place, ops, new Set([`${BIN}/ours`]))).toEqual([
    { path: `${BIN}/awk`, command: '/usr/bin/awk' },
    { path: `${BIN}/ip`, command: '/usr/sbin/ip' },
    { path: `${BIN}/sudo`, command: '/usr/bin/sudo' },
  ]);
});

it('finds nothing in a directory that is the same by another name', () => {
  writeTree(dir(), { '/usr/bin/x': null });
  fs.symlinkSync('usr/bin', `${dir()}/bin`);
  const place = placeIn(dir());
  const { ops } = planChange(place, releaseChange(place, { version: '1.0.0', files: { '/usr/bin/tool': { text: 'x', mode: 0o755 } } }));
  fs.writeFileSync(`${dir()}/usr/bin/tool`, 'x');
  expect(shadowedCommands(place, ops, new Set())).toEqual([]);
});

it('counts as replaced what is a program, was there, and changes', () => {
  writeTree(dir(), { [`${BIN}/a.py`]: 'old', [`${BIN}/same.py`]: 'same', '/var/www/app.js': 'old' });
  const place = placeIn(dir());
  const files = { [`${BIN}/a.py`]: 'new', [`${BIN}/same.py`]: 'same', [`${BIN}/new.py`]: 'new', '/var/www/app.js': 'new' };
  expect(replacedPrograms(planChange(place, releaseChange(place, { version: '1.0.0', files })).ops)).toEqual([`${BIN}/a.py`]);
});
