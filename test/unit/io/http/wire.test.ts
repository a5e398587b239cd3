import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseConfig } from '../../../../lib/core/device/config.ts';
import { plainWire, wireOpener } from '../../../../lib/io/http/wire.ts';
import { temporary } from '../../../helpers/device.ts';

const of = (way: object) => parseConfig({ source: { type: 'static', url: 'https://x.org/', ...way } }, 'update.toml');

it('is the same for as long as the source is, and remembers servers beyond that', () => {
  const root = temporary();
  const open = wireOpener({ root, env: {}, waitsFile: join(root, 'waits.json'), byHand: true });
  const first = open(of({}));
  expect(open(of({}))).toBe(first);
  const second = open(of({ proxy: 'http://proxy.lan:3128' }));
  expect(second).not.toBe(first);
  expect(second.waits).toBe(first.waits);
  expect(second.proxyFor(new URL('https://x.org/'))?.name).toBe('http://proxy.lan:3128');
});

it('refuses an authority that is not there when it is opened', () => {
  const open = wireOpener({ root: temporary(), env: {}, waitsFile: '/nowhere', byHand: true });
  expect(() => open(of({ ca: '/nowhere.pem' }))).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});

it('goes straight where nothing is configured', () => {
  expect(plainWire({ http_proxy: 'http://proxy.lan:3128' }).proxyFor(new URL('http://x.org/'))).toBeNull();
});
