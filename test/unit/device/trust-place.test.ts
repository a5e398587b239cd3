import fs from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { assertMayTrust, trustedRootBytes } from '../../../lib/device/trust-place.ts';
import { asAnotherUser } from '../../helpers/another-user.ts';
import { cliDevice } from '../../helpers/cli-device.ts';
import { matching } from '../../helpers/matchers.ts';

it('is for root, and in a folder for its owner', async () => {
  const { root, deps } = cliDevice();
  const may =
    (root = deps.paths.root) =>
    (): void => {
      assertMayTrust({ ...deps.paths, root }, 'reset');
    };
  expect(may()).not.toThrow();
  const refusal: unknown = expect.objectContaining({ code: 'PERMISSION', hint: 'sudo pikit-update trust reset' });
  await asAnotherUser(root, () => {
    expect(may()).toThrow(refusal);
  });
  fs.chownSync(dirname(deps.paths.config), 65_534, 65_534);
  await asAnotherUser(root, () => {
    expect(may()).not.toThrow();
    expect(may('/')).toThrow(refusal);
  });
});

it('has a plain file, nothing, or an error with the way out', () => {
  const { paths } = cliDevice().deps;
  expect(trustedRootBytes(paths)).toBe(null);
  fs.mkdirSync(dirname(paths.trustRoot));
  fs.writeFileSync(paths.trustRoot, 'x');
  expect(trustedRootBytes(paths)?.toString()).toBe('x');
  fs.rmSync(paths.trustRoot);
  fs.symlinkSync('/etc/passwd', paths.trustRoot);
  expect(() => trustedRootBytes(paths)).toThrow(expect.objectContaining({ code: 'TRUST_INVALID', hint: matching(/trust reset/) }));
});
