import { expect, it } from 'vitest';
import { sayError, sayHint, sayLine, sayReceipt, sayWarning, toJson } from '../../../lib/cli/say.ts';
import { UpdateError } from '../../../lib/core/errors.ts';
import { cliDevice, receipt } from '../../helpers/cli-device.ts';

it('puts errors, what the failed thing wrote, and hints on standard error', () => {
  const { deps, printed } = cliDevice();
  const error = new UpdateError('SERVICE_FAILED', "'a.service' failed", { subject: 'a.service', lines: ['boom\u0007'], hint: 'look' });
  sayError(deps.terminal, error);
  expect(printed()).toEqual({ out: '', err: "error: 'a.service' failed\n  a.service: boom \nhint: look\n" });
  sayError(deps.terminal, new UpdateError('INTERNAL', 'x'));
  expect(printed()).toEqual({ out: '', err: 'error: x\n' });
});

it('puts results on standard output, and what to know about them beside it', () => {
  const { deps, printed } = cliDevice();
  sayReceipt(deps.terminal, receipt({ drift: ['/a'], kept: ['/b.pikit-new'] }));
  expect(printed()).toEqual({
    out: '1.4.0 is installed\n',
    err: "warning: '/a' had been edited; the edited file is kept\nwarning: your version of '/b' stays; the new one is '/b.pikit-new'\n",
  });
  sayLine(deps.terminal, 'a\nb');
  sayWarning(deps.terminal, 'w');
  sayHint(deps.terminal, 'h');
  expect(printed()).toEqual({ out: 'a b\n', err: 'warning: w\nhint: h\n' });
  expect(toJson({ a: 1 })).toBe('{\n  "a": 1\n}\n');
});

it('says where files of the owner are kept, and which are left', () => {
  const { deps, printed } = cliDevice();
  const kept = (path: string) => ({ path, sha256: 'a'.repeat(64), copy: `/var/lib/pikit/edited/0123abcd${path}` });
  sayReceipt(deps.terminal, receipt({ drift: ['/a', '/link'], edits: [kept('/a')], foreign: [kept('/tool')], left: ['/link'] }));
  expect(printed().err).toBe(
    "warning: '/tool' was not ours; your file is kept as '/var/lib/pikit/edited/0123abcd/tool'\n" +
      "warning: '/a' had been edited; the edited file is kept as '/var/lib/pikit/edited/0123abcd/a'\n" +
      "warning: '/link' was to be removed, and is left as it is: it is not ours any more\n",
  );
});
