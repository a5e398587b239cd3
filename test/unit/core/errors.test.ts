import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UpdateError, errnoOf, errorJson, mismatch, toErrorCode, toUpdateError } from '../../../lib/core/errors.ts';
import { matching } from '../../helpers/matchers.ts';

function system(code: string): Error {
  return Object.assign(new Error(`${code}: something, write`), { code });
}

describe('UpdateError', () => {
  it('has a code, and nothing where nothing was given', () => {
    const error = new UpdateError('BUSY', 'busy');
    expect(error).toMatchObject({ name: 'UpdateError', code: 'BUSY', message: 'busy', hint: null, subject: null, lines: [], retryAfterMs: null });
    expect('cause' in error).toBe(false);
  });

  it('keeps its details', () => {
    const cause = new Error('x');
    expect(new UpdateError('BUSY', 'busy', { hint: 'h', subject: 's', lines: ['l'], retryAfterMs: 5, cause })).toMatchObject({
      hint: 'h',
      subject: 's',
      lines: ['l'],
      retryAfterMs: 5,
      cause,
    });
  });
});

describe('toUpdateError', () => {
  it.each([
    ['ENOSPC', 'NO_SPACE'],
    ['EDQUOT', 'NO_SPACE'],
    ['EROFS', 'IO_ERROR'],
    ['EIO', 'IO_ERROR'],
    ['EMFILE', 'IO_ERROR'],
    ['EACCES', 'PERMISSION'],
    ['EPERM', 'PERMISSION'],
  ])('%s is %s, with a hint', (errno, code) => {
    const cause = system(errno);
    expect(toUpdateError(cause)).toMatchObject({ code, cause, hint: matching(/./), message: matching(`${errno}: something, write$`) });
  });

  it.each(['ENOENT', 'ELOOP', 'EISDIR', 'ERR_FS_FILE_TOO_LARGE', 'constructor'])('%s is IO_ERROR, without a hint', (errno) => {
    expect(toUpdateError(system(errno))).toMatchObject({ code: 'IO_ERROR', hint: null });
  });

  it.each([
    ['defect', new TypeError('x is not a function'), 'x is not a function'],
    ['text', 'huh', 'huh'],
    ['null', null, 'null'],
    ['code-that-is-a-number', Object.assign(new Error('x'), { code: 5 }), 'x'],
  ])('anything else is INTERNAL: %s', (_name, thrown, message) => {
    expect(toUpdateError(thrown)).toMatchObject({ code: 'INTERNAL', message, cause: thrown, hint: matching('please report') });
  });

  it('leaves our own errors alone', () => {
    const own = new UpdateError('BUSY', 'busy');
    expect(toUpdateError(own)).toBe(own);
  });
});

describe('errnoOf', () => {
  it('reads the code of a real system error', () => {
    let thrown: unknown;
    try {
      fs.readFileSync('/nonexistent/x');
    } catch (error) {
      thrown = error;
    }
    expect(errnoOf(thrown)).toBe('ENOENT');
  });

  it.each([[null], ['ENOENT'], [{ code: 'ENOENT' }], [new Error('x')]])('has nothing to say about %j', (thrown) => {
    expect(errnoOf(thrown)).toBeNull();
  });
});

describe('toErrorCode', () => {
  it.each([
    ['NO_SPACE', 'NO_SPACE'],
    ['no_space', 'INTERNAL'],
    ['NEVER_HEARD', 'INTERNAL'],
    ['', 'INTERNAL'],
    ['__proto__', 'INTERNAL'],
  ])('%j is %s', (text, code) => {
    expect(toErrorCode(text)).toBe(code);
  });
});

describe('mismatch', () => {
  it('names what was expected first', () => {
    expect(mismatch('size', 5, '6 or more')).toBe('size mismatch: expected 5, got 6 or more');
  });
});

describe('errorJson', () => {
  it('is what a reader gets, and nothing of how it came about', () => {
    const error = new UpdateError('BUSY', 'busy', { hint: 'wait', subject: 's', lines: ['l'], cause: new Error('x') });
    expect(errorJson(error)).toEqual({ code: 'BUSY', message: 'busy', hint: 'wait' });
    expect(errorJson(new UpdateError('REQUEST_INVALID', 'no'))).toEqual({ code: 'REQUEST_INVALID', message: 'no', hint: null });
  });
});
