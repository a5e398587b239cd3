import { expect, it } from 'vitest';
import { addTarget, allowBundle, allowFiles, allowUnit, allowUnsigned } from '../../../../lib/core/offer/owner-hints.ts';

it.each([
  [allowUnit('b.service', { allow: ['a.service'] }), 'services.allow', 'allow = ["a.service", "b.service"]', '[services]'],
  [allowFiles(25_000), 'limits.files', 'files = 25000', '[limits]'],
  [allowBundle(1), 'limits.bundle_bytes', 'bundle_bytes = "1MiB"', '[limits]'],
  [allowBundle(600 * 1024 * 1024 + 1), 'limits.bundle_bytes', 'bundle_bytes = "601MiB"', '[limits]'],
  [allowUnsigned(), 'post_install.allow_unsigned', 'allow_unsigned = true', '[post_install]'],
])('names the value, the table and the file: %s', (hint, key, value, table) => {
  expect(hint).toContain(`set ${key} in '/etc/pikit/update.toml': \`${value}\` below ${table}`);
});

it('says which lines make a target, and that it replaces the defaults', () => {
  expect(addTarget('extras/a', false)).toContain('`from = "extras/"`, `to = "/var/www/extras/"`');
  expect(addTarget('extras/a', false)).not.toContain('default');
  expect(addTarget('tool.sh', true)).toContain('the three default targets');
});
