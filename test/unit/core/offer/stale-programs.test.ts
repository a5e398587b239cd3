import { expect, it } from 'vitest';
import type { Restarts } from '../../../../lib/core/offer/stale-programs.ts';
import { unrestarted } from '../../../../lib/core/offer/stale-programs.ts';

const API = '/usr/local/bin/pikit-api.py';
const HELPER = '/usr/local/bin/pikit-poll';
const TARGETS = [
  { from: 'pikit-api.py', to: API },
  { from: 'helpers/', to: '/usr/local/bin/' },
];
const runs = (unit: string, command: string): Pick<Restarts, 'programs'> => ({ programs: [{ unit, command }] });

it.each<[string, string, Partial<Restarts>, boolean]>([
  ['the-api-and-no-unit', API, {}, true],
  ['the-api-and-its-unit', API, { restarted: ['pikit-api.service'], ...runs('pikit-api.service', `/usr/bin/python3 ${API}`) }, false],
  ['a-unit-of-its-name-whatever-it-starts', API, { restarted: ['pikit-api.service'], ...runs('pikit-api.service', '/opt/start') }, false],
  ['a-unit-of-another-name', API, { restarted: ['dashboard.service'], ...runs('dashboard.service', `/usr/bin/python3 ${API}`) }, false],
  ['a-unit-of-another-name-that-is-not-restarted', API, runs('dashboard.service', API), true],
  ['by-its-name-in-a-working-directory', API, { restarted: ['d.service'], ...runs('d.service', '/bin/sh -c "./pikit-api.py --x"') }, false],
  ['an-instance', API, { restarted: ['d@1.service'], ...runs('d@.service', API) }, false],
  ['a-path-that-only-begins-like-it', API, { restarted: ['d.service'], ...runs('d.service', `${API}.old`) }, true],
  ['a-helper-that-no-unit-starts', HELPER, {}, false],
  ['a-helper-of-a-service', HELPER, runs('poll.service', HELPER), true],
  ['a-helper-of-a-service-that-is-restarted', HELPER, { restarted: ['poll.service'], ...runs('poll.service', HELPER) }, false],
  ['a-helper-of-a-service-that-the-owner-stopped', HELPER, { ...runs('poll.service', HELPER), isMeant: () => false }, false],
])('%s', (_name, path, restarts, expected) => {
  const found = unrestarted([path], TARGETS, { restarted: [], programs: [], isMeant: () => true, ...restarts });
  expect(found).toEqual(expected ? [path] : []);
});
