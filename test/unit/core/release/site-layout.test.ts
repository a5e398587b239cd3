import { expect, it } from 'vitest';
import { bundlePath, filePath, manifestName, urlPath } from '../../../../lib/core/release/site-layout.ts';

it('has one manifest for each branch, and bundles in a folder of their own', () => {
  expect([manifestName('stable'), manifestName('beta_2'), bundlePath('pikit-1.0.0.tar.gz')]).toEqual([
    'manifest.json',
    'manifest_beta_2.json',
    'bundles/pikit-1.0.0.tar.gz',
  ]);
});

it('has single files by branch and package, under their whole path', () => {
  expect(filePath('beta', 'web', 'pikit-web/index.html')).toBe('files/beta/web/pikit-web/index.html');
  expect(filePath('stable', 'api', 'pikit-api.py')).toBe('files/stable/api/pikit-api.py');
});

it.each([
  ['plain', 'bundles/pikit-1.5.0+issue.1234.tar.gz', 'bundles/pikit-1.5.0+issue.1234.tar.gz'],
  ['blanks-and-brackets', 'files/beta/web/a b/[id].js', 'files/beta/web/a%20b/%5Bid%5D.js'],
  ['looks-escaped', 'files/stable/web/a%41.js', 'files/stable/web/a%2541.js'],
  ['hash-and-question-mark', 'a#b?c', 'a%23b%3Fc'],
  ['not-ascii', 'gr\u00fcn', 'gr%C3%BCn'],
])('escapes each name of an address once: %s', (_name, path, escaped) => {
  expect(urlPath(path)).toBe(escaped);
  expect(new URL(urlPath(path), 'https://x.org/pikit/').pathname).toBe(`/pikit/${escaped}`);
});
