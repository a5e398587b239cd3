import dbus from 'dbus-next';
import { describe, expect, it } from 'vitest';
import { transientBody } from '../../../../lib/io/bus/transient-unit.ts';

describe('transientBody', () => {
  it('gives each setting its type, in order and more than once', () => {
    const list = (value: string[]): { name: string; signature: string; value: string[] } => ({ name: 'Environment', signature: 'as', value });
    expect(transientBody('a.service', [list(['A=1']), list(['B=2'])])).toEqual([
      'a.service',
      'replace',
      [
        ['Environment', new dbus.Variant('as', ['A=1'])],
        ['Environment', new dbus.Variant('as', ['B=2'])],
      ],
      [],
    ]);
  });
});
