import { describe, expect, it } from 'vitest';
import { isIncluded, isPrivateKey, unwantedName } from '../../../../lib/release/builder/unwanted-files.ts';

describe('unwantedName', () => {
  it.each(
    '.git .GIT .svn .hg .gitignore node_modules __pycache__ .DS_Store ._index.html __MACOSX Thumbs.db desktop.ini Desktop.ini .a.js.swp a.js~ #a.js# .#a.js a.pyc a.js.orig .idea'.split(
      ' ',
    ),
  )('leaves out %s', (name) => {
    expect(unwantedName(name)).toMatchObject({ is: 'junk' });
  });

  it.each(
    '.env .ENV .env.local .env.production .npmrc .netrc .htpasswd .git-credentials .ssh .aws id_rsa id_ed25519 server.pem server.KEY a.p12 a.pfx a.jks .envrc'.split(
      ' ',
    ),
  )('refuses %s', (name) => {
    expect(unwantedName(name)).toMatchObject({ is: 'secret' });
  });

  it.each(
    '.well-known .htaccess .nojekyll environment.js index.html key.js keys id_rsa.pub .env.example .env.sample swap.js git git.svg monkey.svg a.b'.split(
      ' ',
    ),
  )('lets in %s', (name) => {
    expect(unwantedName(name)).toBeNull();
  });
});

it.each<[string, boolean]>([
  ['-----BEGIN PRIVATE KEY-----\nx', true],
  ['-----BEGIN RSA PRIVATE KEY-----', true],
  ['-----BEGIN OPENSSH PRIVATE KEY-----', true],
  ['-----BEGIN PGP PRIVATE KEY BLOCK-----', true],
  ['-----BEGIN PUBLIC KEY-----', false],
  ['-----BEGIN CERTIFICATE-----', false],
])('knows a private key: %j', (text, is) => {
  expect(isPrivateKey(text)).toBe(is);
});

it.each<[string, string, boolean]>([
  ['pikit-web/.env', '.env', true],
  ['pikit-web/.env.local', '.env', false],
  ['pikit-web/.env.local', '.env*', true],
  ['pikit-web/a/b.pem', '*.pem', true],
  ['pikit-web/a/b.pem', 'pikit-web/*.pem', false],
  ['pikit-web/a/b.pem', 'pikit-web/**/*.pem', true],
  ['pikit-web/b.pem', './pikit-web/**/*.pem', true],
  ['pikit-web/node_modules', 'pikit-web/node_modules/', true],
  ['pikit-web/xenv', '.env', false],
  ['pikit-web/a+b', 'a+b', true],
])('%s is let in by %s: %s', (path, pattern, is) => {
  expect(isIncluded(path, [pattern])).toBe(is);
});
