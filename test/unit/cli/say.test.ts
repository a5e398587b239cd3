import { expect, it } from 'vitest';
import { REDRAW, harmless, sayError, sayHint, sayLine, sayReceipt, sayWarning, toJson } from '../../../lib/cli/say.ts';
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
    err: "warning: '/a' had been edited; the edited file is kept\nwarning: your version of '/b' is kept; the new version is '/b.pikit-new'\n",
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
    "warning: no release had installed '/tool'; your file is kept as '/var/lib/pikit/edited/0123abcd/tool'\n" +
      "warning: '/a' had been edited; the edited file is kept as '/var/lib/pikit/edited/0123abcd/a'\n" +
      "warning: '/link' was not removed: it is no longer managed\n",
  );
});

it('lets nothing drive the terminal but the line of progress, whatever comes to it', () => {
  const { deps, printed } = cliDevice();
  const terminal = harmless(deps.terminal);
  terminal.out('a\u001b[2J\nb\u202e\n');
  terminal.out(`${REDRAW}50%\u001b[31m`);
  terminal.err('c\u009b2J\n');
  expect(printed()).toEqual({ out: `a [2J\nb \n${REDRAW}50% [31m`, err: 'c 2J\n' });
});
