import { expect, it } from 'vitest';
import { commandNotices } from '../../../../lib/release/builder/common-commands.ts';

it.each([
  ['helpers/sudo', /will be found before the system's own command 'sudo'/],
  ['helpers/python3', /command 'python3'/],
  ['helpers/node', /'\/usr\/local\/bin\/node' on a device: it is a command that the updater itself runs.*devices refuse/],
  ['helpers/pikit-update', /devices refuse/],
])('warns of %s', (path, notice) => {
  expect(commandNotices(['pikit-web/index.html', path])).toEqual([expect.stringMatching(notice)]);
});

it('says nothing of others', () => {
  expect(commandNotices(['helpers/pikit-temperature', 'helpers/lib/sudo', 'pikit-web/sudo', 'pikit-api.py', 'extras/sudo'])).toEqual([]);
});
