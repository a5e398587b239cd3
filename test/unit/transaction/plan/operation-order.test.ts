import { expect, it } from 'vitest';
import { ORDER, orderOf } from '../../../../lib/transaction/plan/operation-order.ts';

it.each<[string, number, keyof typeof ORDER]>([
  ['/var/www/pikit-web/assets/app-1.js', 0o644, 'asset'],
  ['/var/www/pikit-web/index.html', 0o644, 'page'],
  ['/var/www/pikit-web/old.htm', 0o644, 'page'],
  ['/usr/local/bin/pikit-api.py', 0o644, 'code'],
  ['/usr/local/bin/helper', 0o755, 'code'],
  ['/usr/local/bin/helper.txt', 0o644, 'asset'],
])('%s with mode %i is of kind %s', (path, mode, kind) => {
  expect(orderOf(path, mode)).toBe(ORDER[kind]);
});

it('puts the version last', () => {
  expect(Math.max(...Object.values(ORDER))).toBe(ORDER.version);
});
