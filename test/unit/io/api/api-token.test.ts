import fs from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readApiToken } from '../../../../lib/io/api/api-token.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();

const FROM_FILE = 'from-the-file-'.padEnd(32, 'f');
const FROM_SYSTEMD = 'from-systemd-'.padEnd(64, 's');

it('reads the credential of the unit, and in a folder the file', () => {
  fs.mkdirSync(join(dir(), 'etc/pikit'), { recursive: true });
  expect(readApiToken({}, dir())).toBeNull();
  fs.writeFileSync(join(dir(), 'etc/pikit/api-token'), `  ${FROM_FILE}\n`);
  expect(readApiToken({}, dir())).toBe(FROM_FILE);
  expect(readApiToken({ CREDENTIALS_DIRECTORY: join(dir(), 'none') }, dir())).toBeNull();
  fs.writeFileSync(join(dir(), 'pikit-api-token'), FROM_SYSTEMD);
  expect(readApiToken({ CREDENTIALS_DIRECTORY: dir() }, dir())).toBe(FROM_SYSTEMD);
});

it('takes an empty one for none, and refuses two lines without showing them', () => {
  fs.writeFileSync(join(dir(), 'pikit-api-token'), '\n');
  expect(readApiToken({ CREDENTIALS_DIRECTORY: dir() }, '/')).toBeNull();
  fs.writeFileSync(join(dir(), 'pikit-api-token'), 'secret-one\nsecret-two');
  expect(() => readApiToken({ CREDENTIALS_DIRECTORY: dir() }, '/')).toThrow(/^'\/etc\/pikit\/api-token' does not hold a token$/);
});

it('refuses one that could be guessed', () => {
  fs.writeFileSync(join(dir(), 'pikit-api-token'), 'x'.repeat(31));
  expect(() => readApiToken({ CREDENTIALS_DIRECTORY: dir() }, '/')).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: "'/etc/pikit/api-token' holds a token of 31 characters: it must have at least 32" }),
  );
});
