import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UpdateError } from '../../../../lib/core/errors.ts';
import { openContents } from '../../../../lib/transaction/files/held-contents.ts';
import type { Content, OwnedFile } from '../../../../lib/transaction/types.ts';
import { containing } from '../../../helpers/matchers.ts';
import { AT_ONCE } from '../../../../lib/transaction/files/durable.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();
const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

function fileOf(text: string): OwnedFile {
  return {
    path: '/w/page',
    sha256: sha(text),
    size: Buffer.byteLength(text),
    mode: 0o644,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
  };
}

/** Writes `wanted` from content; what came of it, with the mode of what is there now. */
function write(wanted: OwnedFile, content: Content): { error: UpdateError | null; mode: string | null; text: string } {
  const to = `${dir()}/new`;
  const contents = openContents(new Map([[wanted.path, content]]), AT_ONCE);
  let error: UpdateError | null = null;
  try {
    contents.write(wanted, to);
  } catch (thrown) {
    if (!(thrown instanceof UpdateError)) throw thrown;
    error = thrown;
  } finally {
    contents.close();
  }
  const there = fs.existsSync(to);
  return { error, mode: there ? (fs.statSync(to).mode & 0o7777).toString(8) : null, text: there ? fs.readFileSync(to, 'utf8') : '' };
}

/** The three places that bytes come from. */
function each(text: string): [Content['from'], Content][] {
  fs.mkdirSync(`${dir()}/base/tree`, { recursive: true });
  fs.writeFileSync(`${dir()}/base/tree/page`, text);
  return [
    ['bytes', { from: 'bytes', bytes: Buffer.from(text) }],
    ['file', { from: 'file', file: `${dir()}/base/tree/page` }],
    ['untrusted', { from: 'untrusted', base: `${dir()}/base`, file: 'tree/page' }],
  ];
}

describe('contents', () => {
  it('are written with their mode when they are the right ones', () => {
    for (const [from, content] of each('page')) {
      expect(write(fileOf('page'), content), from).toEqual({ error: null, mode: '644', text: 'page' });
      fs.rmSync(`${dir()}/new`);
    }
  });

  it('stay closed to everybody else when they are not, and their digest is not told', () => {
    for (const [from, content] of each('root')) {
      const { error, mode } = write(fileOf('page'), content);
      expect([error?.code, mode], from).toEqual(['DIGEST_MISMATCH', '600']);
      expect(error?.message).toContain(sha('page'));
      expect(`${error?.message ?? ''} ${error?.hint ?? ''}`).not.toContain(sha('root'));
      fs.rmSync(`${dir()}/new`);
    }
  });

  it.each(['longer than the release says', ''])('of another length are not even begun to be read: %j', (text) => {
    const [, , untrusted] = each(text);
    expect(write(fileOf('page'), untrusted?.[1] ?? { from: 'file', file: '' })).toMatchObject({
      error: { code: 'STAGED_INVALID', message: containing("'/w/page' does not have the expected 4 bytes") },
      mode: '600',
      text: '',
    });
  });

  it('that are not planned are a defect', () => {
    const contents = openContents(new Map(), AT_ONCE);
    expect(() => {
      contents.write(fileOf('x'), `${dir()}/new`);
    }).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    contents.close();
  });
});
