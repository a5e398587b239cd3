import fs from 'node:fs';
import { expect, it } from 'vitest';
import { publishedHere } from '../../../lib/device/published.ts';
import { writePublicFacts } from '../../../lib/steps/outcome/write-public-facts.ts';
import { SILENT, cliDevice } from '../../helpers/cli-device.ts';

it('believes what is about the release that is installed, and nothing of another', () => {
  const { deps } = cliDevice();
  expect(publishedHere(deps)).toBeNull();
  fs.writeFileSync(deps.paths.version, '1.3.0\n');
  writePublicFacts({ ...deps, log: SILENT }, 'apply', null);
  expect(publishedHere(deps)).toMatchObject({ version: '1.3.0' });
  fs.writeFileSync(deps.paths.version, '1.4.0\n');
  expect(publishedHere(deps)).toBeNull();
});
