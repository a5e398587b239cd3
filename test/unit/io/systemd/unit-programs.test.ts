import fs from 'node:fs';
import { expect, it } from 'vitest';
import { unitPrograms } from '../../../../lib/io/systemd/unit-programs.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { writeTree } from '../../../helpers/tree.ts';

const dir = useTempDir();

it('is empty where there are no units', () => {
  expect(unitPrograms(dir())).toEqual([]);
});

it('reads services with their drop-ins, the owner’s before the system’s, and passes over what is none', () => {
  writeTree(dir(), {
    '/usr/lib/systemd/system/a.service': '[Service]\nExecStart=/usr/bin/old\n',
    '/etc/systemd/system/a.service': '[Service]\nExecStart=/usr/bin/a\nExecStart=/usr/bin/a2\n',
    '/usr/lib/systemd/system/b.service': '[Service]\nExecStart=/usr/bin/b\n',
    '/etc/systemd/system/b.service.d/x.conf': '[Service]\nExecStart=\nExecStart=/usr/local/bin/b --new\n',
    '/usr/lib/systemd/system/c.service': 'not a unit file',
    '/usr/lib/systemd/system/d.timer': '[Timer]\n',
  });
  fs.symlinkSync('/dev/null', `${dir()}/etc/systemd/system/masked.service`);
  expect(Object.fromEntries(unitPrograms(dir()).map(({ unit, command }) => [unit, command]))).toEqual({
    'a.service': '/usr/bin/a\n/usr/bin/a2',
    'b.service': '/usr/local/bin/b --new',
    'c.service': '',
    'masked.service': '',
  });
});
