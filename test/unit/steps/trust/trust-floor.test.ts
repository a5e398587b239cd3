import fs from 'node:fs';
import { expect, it } from 'vitest';
import type { PublicFacts } from '../../../../lib/core/device/public-facts.ts';
import { writePublicFacts } from '../../../../lib/steps/outcome/write-public-facts.ts';
import { publishedFloor, raiseFloor, readFloor } from '../../../../lib/steps/trust/trust-floor.ts';
import type { Device } from '../../../helpers/device.ts';
import { device, stepDeps } from '../../../helpers/device.ts';
import { trustRoot } from '../../../helpers/tuf-site.ts';
import { tufRepository } from '../../../helpers/tuf-repository.ts';

const AT = new Date('2026-11-20T10:00:00.000Z');
const publish = (on: Device): void => {
  writePublicFacts(stepDeps(on), 'apply', null);
};
const known = (on: Device): PublicFacts['trust'] => on.files.readPublished()?.trust;
const raise = (on: Device, root: number, timestamp: number): void => {
  raiseFloor(stepDeps(on), { state: () => ({ root, timestamp, until: null, signedAt: AT }) });
};

it('is null where releases are not signed', () => {
  const on = device();
  publish(on);
  expect(known(on)).toBeNull();
});

it('is the root of the owner before anything was verified', () => {
  const on = device();
  trustRoot(on, tufRepository().initialRoot);
  publish(on);
  expect(known(on)).toMatchObject({ root: 1, timestamp: null, at: null });
});

it('is what was verified last, and stays that whatever becomes of the files', () => {
  const on = device();
  trustRoot(on, tufRepository().initialRoot);
  publish(on);
  raise(on, 3, 17);
  const floor = { root: 3, timestamp: 17, at: AT.toISOString() };
  expect(known(on)).toMatchObject(floor);
  fs.mkdirSync(on.paths.trusted, { recursive: true });
  fs.writeFileSync(`${on.paths.trusted}/root.json`, '{"signed":{"version":9}}');
  publish(on);
  fs.rmSync(on.paths.trusted, { recursive: true });
  publish(on);
  expect(known(on)).toMatchObject(floor);
});

it('counts for nothing once it is damaged: one that is too high would stop every later release', () => {
  const on = device();
  trustRoot(on, tufRepository().initialRoot);
  publish(on);
  raise(on, 3, 17);
  expect(readFloor(stepDeps(on))?.root).toBe(3);
  const text = fs.readFileSync(on.paths.published, 'utf8');
  fs.writeFileSync(on.paths.published, text.replace('"root": 3', '"root": 7'));
  expect(readFloor(stepDeps(on))).toBeNull();
  expect(publishedFloor(stepDeps(on))?.root).toBe(1);
});

it('is written when there is news, and not before root has published anything', () => {
  const on = device();
  raise(on, 1, 1);
  expect(fs.existsSync(on.paths.published)).toBe(false);
  publish(on);
  raise(on, 1, 1);
  const { ino } = fs.statSync(on.paths.published);
  raise(on, 1, 1);
  expect(fs.statSync(on.paths.published).ino).toBe(ino);
});

it('is read off what root has verified where the facts were lost', () => {
  const on = device();
  const tuf = tufRepository();
  trustRoot(on, tuf.initialRoot);
  tuf.publish();
  fs.mkdirSync(on.paths.trusted, { recursive: true });
  for (const name of ['root.json', 'timestamp.json']) fs.writeFileSync(`${on.paths.trusted}/${name}`, tuf.files.get(name) ?? '');
  expect(publishedFloor(stepDeps(on))).toMatchObject({ root: 1, timestamp: 2, at: tuf.now.toISOString() });
});
