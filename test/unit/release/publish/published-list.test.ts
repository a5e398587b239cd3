import fs from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { copyList, mergedList, readList, settleList } from '../../../../lib/release/publish/published-list.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();
const put = (...names: string[]): void => {
  fs.writeFileSync(join(dir(), 'branches.json'), JSON.stringify(names.map((name) => ({ name }))));
};
const nothing = { list: null, record: null };

it('numbers changes that were made by hand, once they are published', () => {
  put('a');
  const first = readList(dir());
  settleList(dir(), first);
  const published = mergedList({ ours: first, theirs: nothing, branches: null, to: '/to' });
  expect(readList(dir())).toEqual(published);
  put('a', 'b');
  settleList(dir(), first);
  expect(readList(dir()).record).toEqual(published.record);
  const again = mergedList({ ours: readList(dir()), theirs: published, branches: null, to: '/to' });
  expect(again.list).toEqual(readList(dir()).list);
  expect(() => mergedList({ ours: first, theirs: again, branches: null, to: '/to' })).toThrow(
    expect.objectContaining({
      code: 'VERSION_NOT_NEWER',
      message: "'/to' has another entry of the branch 'b' (change 2) than this site (change 0): what is there is newer",
    }),
  );
});

it('replaces an unreadable list as a whole, and not a part of it', () => {
  put('a');
  const theirs = { list: Buffer.from('{'), record: null };
  expect(mergedList({ ours: readList(dir()), theirs, branches: null, to: '/to' }).list).toEqual(readList(dir()).list);
  expect(() => mergedList({ ours: readList(dir()), theirs, branches: ['a'], to: '/to' })).toThrow(expect.objectContaining({ code: 'SITE_INVALID' }));
});

it('copies list and record', () => {
  put('a');
  settleList(dir(), readList(dir()));
  fs.mkdirSync(join(dir(), 'to'));
  copyList(dir(), join(dir(), 'to'));
  expect(readList(join(dir(), 'to'))).toEqual(readList(dir()));
});
