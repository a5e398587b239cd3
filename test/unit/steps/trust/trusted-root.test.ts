import fs from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writePublicFacts } from '../../../../lib/steps/outcome/write-public-facts.ts';
import { trustedRoot } from '../../../../lib/steps/trust/trusted-root.ts';
import type { Device } from '../../../helpers/device.ts';
import { device, stepDeps } from '../../../helpers/device.ts';
import { containing } from '../../../helpers/matchers.ts';
import { trustRoot } from '../../../helpers/tuf-site.ts';
import { tufRepository } from '../../../helpers/tuf-repository.ts';

const INVALID = { code: 'TRUST_INVALID', message: containing('/etc/pikit/trust/root.json'), hint: containing('trust reset') };

function trusting(): Device {
  const on = device();
  trustRoot(on, tufRepository().initialRoot);
  return on;
}

const ask = (on: Device): Buffer | null => trustedRoot(stepDeps(on));

it('is null on a device that never had one', () => {
  expect(ask(device())).toBeNull();
});

it('is the file of the owner', () => {
  expect(ask(trusting())).toEqual(tufRepository().initialRoot);
});

describe('a root that is gone, and was there', () => {
  it('is no way back for the network steps, which root has told of it', () => {
    const on = trusting();
    writePublicFacts(stepDeps(on), 'apply', null);
    fs.rmSync(on.paths.trustRoot);
    expect(() => ask(on)).toThrow(expect.objectContaining(INVALID));
    // Whatever else root publishes meanwhile.
    writePublicFacts(stepDeps(on), 'apply', null);
    expect(() => ask(on)).toThrow(expect.objectContaining(INVALID));
  });

  it('is no way back for root, which has verified metadata', () => {
    const on = device();
    fs.mkdirSync(on.paths.trusted, { recursive: true });
    expect(ask(on)).toBeNull();
    fs.writeFileSync(`${on.paths.trusted}/1.root.json`, '');
    expect(() => ask(on)).toThrow(expect.objectContaining(INVALID));
  });
});

it.each<[string, (path: string) => void]>([
  ['a folder', (path) => fs.mkdirSync(path, { recursive: true })],
  [
    'a link to nowhere',
    (path) => {
      fs.symlinkSync('/nowhere', path);
    },
  ],
  [
    'more than a root may have',
    (path) => {
      fs.writeFileSync(path, Buffer.alloc(65 * 1024));
    },
  ],
  [
    'below a file',
    (path) => {
      fs.rmdirSync(dirname(path));
      fs.writeFileSync(dirname(path), '');
    },
  ],
])('is no reason to go on without signatures when it is %s', (_name, put) => {
  const on = device();
  fs.mkdirSync(dirname(on.paths.trustRoot), { recursive: true });
  put(on.paths.trustRoot);
  expect(() => ask(on)).toThrow(expect.objectContaining({ ...INVALID, hint: containing('trust reset` removes it; then trust') }));
});
