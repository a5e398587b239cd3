import { expect, it } from 'vitest';
import { bundlePath, manifestName } from '../../../lib/core/site-layout.ts';

it('has one manifest for each branch, and bundles in a folder of their own', () => {
  expect([manifestName('stable'), manifestName('beta_2'), bundlePath('pikit-1.0.0.tar.gz')]).toEqual([
    'manifest.json',
    'manifest_beta_2.json',
    'bundles/pikit-1.0.0.tar.gz',
  ]);
});
