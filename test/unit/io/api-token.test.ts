import fs from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readApiToken } from '../../../lib/io/api-token.ts';
import { useTempDir } from '../../helpers/temp.ts';

const dir = useTempDir();

it('reads the credential of the unit, and in a folder the file', () => {
  fs.mkdirSync(join(dir(), 'etc/pikit'), { recursive: true });
  expect(readApiToken({}, dir())).toBeNull();
  fs.writeFileSync(join(dir(), 'etc/pikit/api-token'), '  from-the-file\n');
  expect(readApiToken({}, dir())).toBe('from-the-file');
  expect(readApiToken({ CREDENTIALS_DIRECTORY: join(dir(), 'none') }, dir())).toBeNull();
  fs.writeFileSync(join(dir(), 'pikit-api-token'), 'from-systemd');
  expect(readApiToken({ CREDENTIALS_DIRECTORY: dir() }, dir())).toBe('from-systemd');
});

it('takes an empty one for none, and refuses two lines without showing them', () => {
  fs.writeFileSync(join(dir(), 'pikit-api-token'), '\n');
  expect(readApiToken({ CREDENTIALS_DIRECTORY: dir() }, '/')).toBeNull();
  fs.writeFileSync(join(dir(), 'pikit-api-token'), 'secret-one\nsecret-two');
  expect(() => readApiToken({ CREDENTIALS_DIRECTORY: dir() }, '/')).toThrow(/^'\/etc\/pikit\/api-token' does not hold a token$/);
});
