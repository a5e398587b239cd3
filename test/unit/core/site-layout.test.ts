import { expect, it } from 'vitest';
import { bundlePath, filePath, manifestName } from '../../../lib/core/site-layout.ts';

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
