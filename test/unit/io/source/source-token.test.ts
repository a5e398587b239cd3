import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseToken, readSourceToken } from '../../../../lib/io/source/source-token.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();

function put(path: string, text: string): void {
  fs.mkdirSync(join(dir(), path, '..'), { recursive: true });
  fs.writeFileSync(join(dir(), path), text, { mode: 0o600 });
}

describe('readSourceToken', () => {
  it('reads the credential of the unit', () => {
    put('credentials/pikit-update-token', 'secret\n');
    expect(readSourceToken({ CREDENTIALS_DIRECTORY: join(dir(), 'credentials') }, dir())).toBe('secret');
  });

  it('has none when the unit has the default of the credential, and does not look elsewhere', () => {
    put('credentials/pikit-update-token', '\n');
    put('etc/pikit/source-token', 'other');
    expect(readSourceToken({ CREDENTIALS_DIRECTORY: join(dir(), 'credentials') }, dir())).toBeNull();
    fs.rmSync(join(dir(), 'credentials'), { recursive: true });
    expect(readSourceToken({ CREDENTIALS_DIRECTORY: join(dir(), 'credentials') }, dir())).toBeNull();
  });

  it('reads the file itself in a step run by hand', () => {
    expect(readSourceToken({}, dir())).toBeNull();
    put('etc/pikit/source-token', '  secret  \n');
    expect(readSourceToken({}, dir())).toBe('secret');
    expect(readSourceToken({ CREDENTIALS_DIRECTORY: '' }, dir())).toBe('secret');
  });

  it('does not take an unreadable file for none', () => {
    fs.mkdirSync(join(dir(), 'etc/pikit/source-token'), { recursive: true });
    expect(() => readSourceToken({}, dir())).toThrow(expect.objectContaining({ code: 'EISDIR' }));
  });
});

describe('parseToken', () => {
  it.each([
    ['a second line', 'secret\nX-Other: header'],
    ['a carriage return', 'secret\rx'],
    ['a blank', 'sec ret'],
    ['another alphabet', 'sécret'],
    ['an escape', 'secret\u001b[2J'],
    ['a whole file', 'x'.repeat(5000)],
  ])('refuses %s, and does not show it', (_name, text) => {
    let message = '';
    try {
      parseToken(Buffer.from(text), "'F'");
    } catch (error) {
      message = JSON.stringify(error) + String(error);
    }
    expect(message).toContain("'F' does not hold a token");
    expect(message).not.toContain('cret');
    expect(message).not.toContain('xx');
  });
});
