import { expect, it } from 'vitest';
import { PlanSummary, sortChanges, sumRooms } from '../../../../lib/core/device/plan-summary.ts';

it('sorts changes into added, changed and removed', () => {
  const file = (path: string, size: number) => ({ path, size });
  expect(
    sortChanges([
      { path: '/c', old: [], new: [file('/c', 1)] },
      { path: '/b', old: [file('/b', 2)], new: [file('/b', 3)] },
      { path: '/a', old: [file('/a', 4)], new: [] },
      // A directory makes room for a file, and a file for a directory.
      { path: '/d', old: [file('/d/x', 5), file('/d/y', 6)], new: [file('/d', 7)] },
      { path: '/e', old: [file('/e', 8)], new: [file('/e/x', 9)] },
    ]),
  ).toEqual({
    added: [
      { path: '/c', old_bytes: null, new_bytes: 1 },
      { path: '/d', old_bytes: null, new_bytes: 7 },
      { path: '/e/x', old_bytes: null, new_bytes: 9 },
    ],
    changed: [{ path: '/b', old_bytes: 2, new_bytes: 3 }],
    removed: [
      { path: '/a', old_bytes: 4, new_bytes: null },
      { path: '/d/x', old_bytes: 5, new_bytes: null },
      { path: '/d/y', old_bytes: 6, new_bytes: null },
      { path: '/e', old_bytes: 8, new_bytes: null },
    ],
  });
});

it('adds up what one filesystem has to hold', () => {
  const roomAt = (path: string) => ({ device: path.startsWith('/var') ? 1 : 2, dir: path, bytes: 100 });
  expect(
    sumRooms(
      [
        { path: '/var/a', bytes: 1 },
        { path: '/usr/b', bytes: 2 },
        { path: '/var/c', bytes: 4 },
      ],
      roomAt,
    ),
  ).toEqual([
    { dir: '/var/a', needed_bytes: 5, free_bytes: 100 },
    { dir: '/usr/b', needed_bytes: 2, free_bytes: 100 },
  ]);
});

it('reads a plan that was written before there was a route, a proxy or a warning', () => {
  const old = {
    version: '1.5.0',
    from: '1.4.0',
    branch: 'stable',
    outcome: 'available',
    reason: null,
    staged: false,
    download_bytes: null,
    added: [],
    changed: [],
    removed: [],
    edited: [],
    conflicts: [],
    unchanged: 1,
    rooms: [],
    problem: null,
    restarts: [],
    commands: [],
  };
  expect(PlanSummary.parse(old)).toEqual({ ...old, route: [], proxy: null, foreign: null, left: null, shadows: [], unrestarted: [] });
});
