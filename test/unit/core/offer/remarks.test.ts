import { expect, it } from 'vitest';
import { remarks, remarksHint } from '../../../../lib/core/offer/remarks.ts';

it('says nothing where there is nothing', () => {
  expect([remarks({}), remarksHint({})]).toEqual([[], null]);
});

it('names what is run in place of a command, and what nothing restarts, with what to do', () => {
  const all = { shadows: [{ path: '/usr/local/bin/sudo', command: '/usr/bin/sudo' }], unrestarted: ['/usr/local/bin/pikit-api.py'] };
  expect(remarks(all)).toEqual([
    "'/usr/local/bin/sudo' is found before the system command '/usr/bin/sudo' and runs instead of it",
    "nothing restarts '/usr/local/bin/pikit-api.py': it keeps running the old file",
  ]);
  expect(remarksHint(all)).toContain('services.restart');
});
