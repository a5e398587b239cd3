import { describe, expect, it } from 'vitest';
import { nextElapse, unitFacts } from '../../../lib/io/unit-facts.ts';

const properties = (values: Record<string, unknown>) => new Map(Object.entries(values));

describe('unitFacts', () => {
  it('takes what is missing or of another type as not there', () => {
    expect(unitFacts('a.service', properties({ LoadState: 'loaded', ActiveState: 3 }), properties({ NRestarts: 'many', Result: null }))).toEqual({
      name: 'a.service',
      loadState: 'loaded',
      activeState: '',
      subState: '',
      unitFileState: '',
      type: null,
      result: null,
      restarts: null,
      exitStatus: null,
      statusText: null,
    });
  });

  it.each([
    ['never-ran', 0n, null],
    ['ran', 5n, 0],
  ])('exit-status-%s', (_name, at, expected) => {
    expect(unitFacts('a.service', new Map(), properties({ ExecMainExitTimestamp: at, ExecMainStatus: 0 })).exitStatus).toBe(expected);
  });
});

describe('nextElapse', () => {
  it.each([
    ['stopped', 0n, null],
    ['never', 2n ** 64n - 1n, null],
    ['missing', undefined, null],
    ['set', 1_795_000_000_123_456n, new Date(1_795_000_000_123)],
  ])('%s', (_name, value, expected) => {
    expect(nextElapse(properties({ NextElapseUSecRealtime: value }))).toEqual(expected);
  });
});
