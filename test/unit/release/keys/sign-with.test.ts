import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeKey } from '../../../../lib/release/keys/key-folder.ts';
import { commandWords, signWith } from '../../../../lib/release/keys/sign-with.ts';
import { matching } from '../../../helpers/matchers.ts';
import { newDevice, readAsDevice, signedBench } from '../../../helpers/signed-site.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();

/** A program that signs with openssl, with whichever of the keys in a folder has the fingerprint. */
function program(text: string): string {
  const path = join(dir(), 'sign.sh');
  fs.writeFileSync(path, `#!/bin/sh\nset -eu\n${text}\n`, { mode: 0o755 });
  return path;
}
const OPENSSL = (folder: string, end = ''): string => `
cat >"$0.in"
for key in ${folder}/*.pub.pem; do
  print=$(openssl pkey -pubin -in "$key" -outform DER | openssl dgst -sha256 -binary | openssl base64 | tr -d =)
  [ "SHA256:$print" = "$PIKIT_KEY_FINGERPRINT" ] || continue
  echo "$PIKIT_KEY_ROLE" >>"$0.roles"
  openssl pkeyutl -sign -rawin -in "$0.in" -inkey "\${key%.pub.pem}.pem" -passin env:TOKEN_PIN ${end}
  exit 0
done
exit 3`;

describe('--sign-with', () => {
  it.each([
    ['raw', ''],
    ['hex', '| od -An -v -tx1'],
    ['base64', '| openssl base64'],
  ])('signs a release by a program that answers with %s', async (_name, end) => {
    const { site, keys, done } = await signedBench(dir());
    fs.renameSync(keys, join(dir(), 'token'));
    const command = program(OPENSSL(join(dir(), 'token'), end));
    const env = { ...process.env, TOKEN_PIN: 'correct horse battery staple' };
    const { runPikitRelease } = await import('../../../../lib/release/cli/cli.ts');
    let err = '';
    const code = await runPikitRelease(['build', '--site', site, '--from', join(dir(), 'tree'), '--version', '1.1.0', '--sign-with', command], {
      version: '9',
      env,
      now: new Date('2026-11-20T10:00:00Z'),
      signal: new AbortController().signal,
      out: () => undefined,
      err: (text) => (err += text),
    });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(readAsDevice(site, newDevice(site)).offers).toEqual({ 'manifest.json': '1.1.0' });
    expect(fs.readFileSync(`${command}.roles`, 'utf8').trim().split('\n')).toEqual(['targets', 'snapshot', 'timestamp']);
    expect(await done('key list --site SITE')).toMatch(/^root: 1 of 1 key/);
  });

  it.each<[string, string, string, RegExp]>([
    ['fails', 'exit 7', 'KEY_MISSING', /did not sign 'targets' with 'a' \(SHA256:[^)]+\): it ended with status 7/],
    ['says-something', 'echo hello', 'KEY_INVALID', /answered with 6 bytes that are no signature/],
    ['signs-something-else', 'head -c 64 /dev/zero', 'KEY_INVALID', /gave a signature of 'targets' that 'a' \(SHA256:[^)]+\) did not make/],
    ['never-ends', 'exec tail -f /dev/null', 'KEY_MISSING', /it was still running after 0\.2 s/],
  ])('says what is wrong with a program that %s', (_name, text, code, message) => {
    const key = makeKey(join(dir(), 'keys'), 'a', null);
    const request = { key, role: 'targets', bytes: Buffer.from('x') };
    expect(() => signWith([program(text)], request, process.env, 200)).toThrow(expect.objectContaining({ code, message: matching(message) }));
  });

  it('hands its environment on, but no passphrase, key or token', () => {
    const key = makeKey(join(dir(), 'keys'), 'a', null);
    const path = program('env >"$0.env"; exit 7');
    const secret = { PIKIT_KEY_PASSPHRASE: 'one', PIKIT_KEYS: 'two', PIKIT_RELEASE_TOKEN: 'three' };
    const env = { PATH: process.env['PATH'], TOKEN_PIN: '1234', ...secret };
    expect(() => signWith([path], { key, role: 'targets', bytes: Buffer.from('x') }, env)).toThrow(/ended with status 7/);
    const names = fs
      .readFileSync(`${path}.env`, 'utf8')
      .split('\n')
      .map((line) => line.replace(/=.*/, ''));
    expect(names.filter((name) => name === 'TOKEN_PIN' || name.startsWith('PIKIT_')).toSorted()).toEqual([
      'PIKIT_KEY_FINGERPRINT',
      'PIKIT_KEY_PUBLIC',
      'PIKIT_KEY_ROLE',
      'TOKEN_PIN',
    ]);
  });

  it('says that a program is not there', () => {
    const key = makeKey(join(dir(), 'keys'), 'a', null);
    expect(() => signWith(['/nowhere/sign'], { key, role: 'root', bytes: Buffer.from('x') }, {})).toThrow(
      expect.objectContaining({ code: 'KEY_MISSING', message: matching(/it cannot be run \(ENOENT\)/) }),
    );
  });
});

describe('commandWords', () => {
  it.each<[string, string[]]>([
    ['ssh host sign', ['ssh', 'host', 'sign']],
    [`a 'b c' "d \\" e" f\\ g ''`, ['a', 'b c', 'd " e', 'f g', '']],
    ['  a\t$HOME;ls  ', ['a', '$HOME;ls']],
  ])('reads %s', (text, words) => {
    expect(commandWords(text)).toEqual(words);
  });

  it.each(['', '  ', "a 'b"])("refuses '%s'", (text) => {
    expect(() => commandWords(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
