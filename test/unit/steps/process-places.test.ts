/** The built programs, one after the other: a release that would replace what is the updater's own. */
import fs from 'node:fs';
import { expect, it } from 'vitest';
import { run, step } from '../../helpers/device.ts';
import { containing } from '../../helpers/matchers.ts';
import { dashboard } from '../../helpers/site-builder.ts';
import { onSite } from './published.ts';

const TARGETS = `
[[target]]
from = "pikit-web/"
to = "/var/www/pikit-web/"
[[target]]
from = "pikit-api.py"
to = "/usr/local/bin/pikit-api.py"
[[target]]
from = "helpers/"
to = "/usr/local/bin/"
[[target]]
from = "etc/"
to = "/etc/pikit/"
`;

it.each(['etc/update.toml', 'etc/trust/root.json', 'etc/source-token', 'helpers/node', 'helpers/pikit-update'])(
  'a release with %s is for no device, and changes nothing',
  async (path) => {
    const { on, publish } = await onSite(['1.0.0'], { toml: TARGETS });
    expect((await step(on, 'fetch')).code).toBe(0);
    expect((await step(on, 'apply')).code).toBe(0);
    await publish('1.1.0', { files: { ...dashboard('1.1.0'), [path]: { data: '{}', mode: 0o755 } } });
    const before = on.tree();
    const checked = await step(on, 'check');
    expect([checked.code, checked.out]).toEqual([0, containing(`would install '${path}' as`)]);
    expect(on.files.readState().available).toMatchObject({ outcome: 'incompatible', hint: containing('[[target]]') });
    const fetched = await step(on, 'fetch');
    expect([fetched.code, fetched.err]).toEqual([1, containing('[RELEASE_INCOMPATIBLE]')]);
    expect(fetched.err).not.toContain('publishes the releases');
    await step(on, 'apply');
    expect(on.tree()).toEqual(before);
    const told = await run('pikit-update', on.root, { args: ['plan', '--json'] });
    expect(told.code).toBe(0);
  },
);

it('a file below /etc/pikit that is not the updater’s is installed', async () => {
  const { on, publish } = await onSite(['1.0.0'], { toml: TARGETS });
  await publish('1.1.0', { files: { ...dashboard('1.1.0'), 'etc/dashboard.conf': 'x' } });
  expect((await step(on, 'fetch')).code).toBe(0);
  expect((await step(on, 'apply')).code).toBe(0);
  expect(fs.readFileSync(on.at('/etc/pikit/dashboard.conf'), 'utf8')).toBe('x');
});
