import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isBackup, isInstalled, isJournal } from '../../../lib/transaction/schemas.ts';
import { readChecksummed, withChecksum, checkChecksum, writeChecksummed } from '../../../lib/transaction/checksummed-json.ts';
import { aBackup, aJournal, anInstalled } from '../../helpers/documents.ts';
import { useTempDir } from '../../helpers/temp.ts';
import { snapshot } from '../../helpers/tree.ts';

const dir = useTempDir();

const DOCUMENTS = [
  { name: 'journal', value: aJournal(), guard: isJournal },
  { name: 'installed', value: anInstalled(), guard: isInstalled },
  { name: 'backup', value: aBackup(), guard: isBackup },
];

describe.each(DOCUMENTS)('$name', ({ value, guard }) => {
  const bytes = Buffer.from(withChecksum(value));

  it('comes back as it was', () => {
    expect(checkChecksum(bytes.toString())).toEqual(value);
    expect(guard(checkChecksum(bytes.toString()))).toBe(true);
  });

  it('is refused after any truncation', () => {
    for (let length = 0; length < bytes.length; length += 1) expect(checkChecksum(bytes.subarray(0, length).toString()), String(length)).toBeNull();
  });

  it('is refused after a flip of any bit', () => {
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const damaged = Buffer.from(bytes);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(checkChecksum(damaged.toString()), String(bit)).toBeNull();
    }
  });
});

describe('readSealed', () => {
  const good = withChecksum(anInstalled());
  it.each<[string, string | Buffer]>([
    ['empty', ''],
    ['zeros', Buffer.alloc(4096)],
    ['not-json-at-all', 'hello'],
    ['json-without-seal', JSON.stringify(anInstalled())],
    ['byte-order-mark', `\uFEFF${good}`],
    ['something-after-it', `${good}x`],
    ['twice', good + good],
    ['another-shape-well-sealed', withChecksum({ schema: 1 })],
    ['a-later-schema-well-sealed', withChecksum({ ...anInstalled(), schema: 2 })],
    ['a-path-that-climbs-well-sealed', withChecksum({ ...anInstalled(), dirs: ['/var/../etc'] })],
  ])('calls it corrupt: %s', (_name, content) => {
    const path = `${dir()}/file.json`;
    fs.writeFileSync(path, content);
    expect(readChecksummed(path, isInstalled)).toEqual({ is: 'corrupt' });
  });

  it('tells absent from corrupt, and a directory is corrupt', () => {
    expect(readChecksummed(`${dir()}/nothing`, isInstalled)).toEqual({ is: 'absent' });
    expect(readChecksummed(dir(), isInstalled)).toEqual({ is: 'corrupt' });
  });

  it.each(['nothing', 'other.json'])('calls a link corrupt, wherever it leads: %s', (to) => {
    fs.writeFileSync(`${dir()}/other.json`, good);
    fs.symlinkSync(to, `${dir()}/file.json`);
    expect(readChecksummed(`${dir()}/file.json`, isInstalled)).toEqual({ is: 'corrupt' });
  });

  it('reads what writeSealed wrote: private, and nothing beside it', () => {
    writeChecksummed(`${dir()}/file.json`, anInstalled());
    expect(readChecksummed(`${dir()}/file.json`, isInstalled)).toEqual({ is: 'there', value: anInstalled() });
    expect(Object.keys(snapshot(dir()))).toEqual(['/file.json']);
    expect(fs.statSync(`${dir()}/file.json`).mode & 0o777).toBe(0o600);
  });
});
