import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hasKeyFile, keysFolderOf, makeKey, makeKeysFolder, readKeyFolder, readPublicKey } from '../../../../lib/release/keys/key-folder.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();
const folder = (): string => join(dir(), 'keys');
const modeOf = (path: string): string => (fs.statSync(path).mode & 0o777).toString(8);

describe('makeKey', () => {
  it('makes what openssl reads with the passphrase, for its owner alone', () => {
    const key = makeKey(folder(), 'root', 'five words are a passphrase');
    expect([folder(), join(folder(), 'root.pem'), join(folder(), 'root.pub.pem')].map(modeOf)).toEqual(['700', '600', '600']);
    const pem = fs.readFileSync(join(folder(), 'root.pem'), 'utf8');
    expect(pem).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    const openssl = (passphrase: string): Buffer =>
      execFileSync('openssl', ['pkey', '-in', join(folder(), 'root.pem'), '-passin', `pass:${passphrase}`, '-pubout', '-outform', 'DER'], {
        stdio: 'pipe',
      });
    expect(openssl('five words are a passphrase').subarray(-32).toString('hex')).toBe(key.publicHex);
    expect(() => openssl('another')).toThrow();
    expect(readKeyFolder(folder())).toEqual([{ name: 'root', path: join(folder(), 'root.pem'), pem, public: key }]);
  });

  it('never writes over a key', () => {
    makeKey(folder(), 'root', null);
    const before = fs.readFileSync(join(folder(), 'root.pem'));
    expect(() => makeKey(folder(), 'root', null)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
    expect(fs.readFileSync(join(folder(), 'root.pem'))).toEqual(before);
    expect([hasKeyFile(folder(), 'root'), hasKeyFile(folder(), 'targets')]).toEqual([true, false]);
  });

  it('refuses a name that leads elsewhere, and a folder that others can read', () => {
    expect(() => makeKey(folder(), '../x', null)).toThrow(expect.objectContaining({ code: 'USAGE' }));
    fs.mkdirSync(folder(), { mode: 0o755 });
    fs.chmodSync(folder(), 0o755);
    expect(() => {
      makeKeysFolder(folder());
    }).toThrow(expect.objectContaining({ code: 'PERMISSION' }));
  });
});

describe('readPublicKey', () => {
  it.each<[string, string]>([
    ['text', 'no key'],
    ['rsa', execFileSync('openssl', ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024'], { stdio: 'pipe' }).toString()],
  ])('refuses %s', (_name, text) => {
    fs.writeFileSync(join(dir(), 'key.pem'), text);
    expect(() => readPublicKey(join(dir(), 'key.pem'), null)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
  });
});

it('is beside the site', () => {
  expect(keysFolderOf('/srv/site/')).toBe('/srv/site-keys');
  expect(readKeyFolder('/nowhere')).toEqual([]);
});
