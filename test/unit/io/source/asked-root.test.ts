import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { UpdateError } from '../../../../lib/core/errors.ts';
import { answerWithRoot, takeAskedRoot } from '../../../../lib/io/source/asked-root.ts';
import { METADATA_MAX_BYTES } from '../../../../lib/core/trust/metadata-layout.ts';
import { containing, matching } from '../../../helpers/matchers.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const base = useTempDir();
const dir = (): string => join(base(), 'asked');
beforeEach(() => {
  fs.mkdirSync(dir());
});
const USER = '65534:65534';
const root = (bytes: string) => () => Promise.resolve({ bytes: Buffer.from(bytes) });

/** The folder, as the other user leaves it. */
function left(files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(join(dir(), name), text);
  execFileSync('chown', ['-R', USER, dir()]);
  return dir();
}

it('hands over the bytes, in the place of an earlier answer', async () => {
  fs.mkdirSync(join(dir(), 'root.json'));
  fs.writeFileSync(join(dir(), 'failure.json'), 'old');
  await answerWithRoot(dir(), root('{"signed":1}'));
  expect(takeAskedRoot(left({}), 'done').toString()).toBe('{"signed":1}');
  expect(fs.readdirSync(dir()).toSorted()).toEqual(['root.json', 'root.json.damaged']);
});

it('hands over why there is none', async () => {
  await answerWithRoot(dir(), root('old'));
  const failure = new UpdateError('SIGNATURE_MISSING', 'it signs nothing', { hint: 'ask' });
  await expect(answerWithRoot(dir(), () => Promise.reject(failure))).rejects.toBe(failure);
  expect(fs.readdirSync(dir())).toEqual(['failure.json']);
  expect(() => takeAskedRoot(left({}), 'failed')).toThrow(
    expect.objectContaining({ code: 'SIGNATURE_MISSING', message: 'it signs nothing', hint: 'ask' }),
  );
});

describe('of what the other user leaves, root takes no', () => {
  const refused = (ended: string, message: RegExp): void => {
    expect(() => takeAskedRoot(dir(), ended)).toThrow(
      expect.objectContaining({ code: 'STEP_FAILED', message: matching(message), hint: containing('journalctl -u') }),
    );
  };

  it('link to a file that is closed to that user', () => {
    fs.writeFileSync(join(base(), 'secret'), 'secret', { mode: 0o600 });
    left({});
    fs.symlinkSync(join(base(), 'secret'), join(dir(), 'root.json'));
    refused('done', /^'pikit-update-ask-root\.service' has left a '.*\/root\.json' that is a symbolic link$/);
  });

  it('file of another user, and none with a second name', () => {
    left({ 'root.json': '{}' });
    fs.linkSync(join(dir(), 'root.json'), join(dir(), 'second'));
    refused('done', /has a second name$/);
    fs.rmSync(join(dir(), 'second'));
    fs.chownSync(join(dir(), 'root.json'), 12_345, 12_345);
    refused('done', /belongs to another user$/);
  });

  it('more bytes than a root may have, and no pipe', () => {
    left({ 'root.json': ' '.repeat(METADATA_MAX_BYTES.root + 1) });
    refused('done', /has more than the 65536 bytes that are allowed$/);
    fs.rmSync(join(dir(), 'root.json'));
    execFileSync('mkfifo', [join(dir(), 'root.json')]);
    refused('done', /that (?:belongs to another user|is a special file)$/);
  });

  it('answer that is not there, nor one of a run that failed', () => {
    left({});
    refused('done', /has left no '.*\/root\.json'$/);
    left({ 'root.json': '{}' });
    refused('failed', /ended with 'failed'$/);
  });

  it('failure that is none', () => {
    left({ 'failure.json': '{"code":"IO_ERROR"}' });
    expect(() => takeAskedRoot(dir(), 'failed')).toThrow(expect.objectContaining({ code: 'STEP_FAILED' }));
    left({ 'failure.json': JSON.stringify({ code: 'NO_SUCH', message: 'x', hint: null }) });
    expect(() => takeAskedRoot(dir(), 'failed')).toThrow(expect.objectContaining({ code: 'INTERNAL', message: 'x', hint: null }));
  });
});
