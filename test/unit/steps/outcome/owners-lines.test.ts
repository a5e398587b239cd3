import { expect, it } from 'vitest';
import { ownersLines } from '../../../../lib/steps/outcome/owners-lines.ts';
import { placeIn } from '../../../helpers/change.ts';
import { aJournal } from '../../../helpers/documents.ts';

function replaced(n: number, path: string) {
  const file = { path, sha256: 'a'.repeat(64), size: 1, mode: 0o644, uid: 0, gid: 0 };
  return { n, path, old: { type: 'file' as const, file }, new: { type: 'file' as const, file } };
}

it('says of each file of the owner where it is now', () => {
  const journal = aJournal({
    ops: [replaced(1, '/w/edited'), replaced(2, '/w/mine'), replaced(3, '/w/ours')],
    drift: ['/w/edited', '/w/link'],
    foreign: ['/w/mine'],
    left: ['/w/link'],
  });
  expect(ownersLines(placeIn('/device'), journal)).toEqual([
    `'/w/mine' was not installed by a release; your file is kept as '/var/lib/pikit/edited/${journal.tx}/w/mine'`,
    `'/w/edited' had been edited; the edited file is kept as '/var/lib/pikit/edited/${journal.tx}/w/edited'`,
    "'/w/link' is not removed, because it is no longer the file that the release installed",
  ]);
});

it('reads a journal of a version that did not know of files that are not ours', () => {
  expect(ownersLines(placeIn('/device'), aJournal({ ops: [replaced(1, '/w/a')], drift: ['/w/a'] }))).toHaveLength(1);
});
