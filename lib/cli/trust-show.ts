/** `pikit-update trust show`: whose releases this device installs, and until when that counts. */
import type { RoleFacts } from '../io/trust/metadata-types.ts';
import type { TrustShown } from '../device/trust-show.ts';
import { trustShown } from '../device/trust-show.ts';
import type { CliDeps, Done } from './deps.ts';
import { EXIT } from './exit-codes.ts';
import { thresholdText } from './root-text.ts';
import { sayHint, sayLine } from './say.ts';
import { signaturesValues } from './signed-text.ts';
import type { Row } from './table.ts';
import { table } from './table.ts';
import { bothTimes } from './times.ts';

export function trustShowCommand(deps: CliDeps, json: boolean): Done {
  const shown = trustShown(deps);
  if (shown === null) {
    if (!json) {
      sayLine(deps.terminal, 'this device does not verify signatures: releases are checked for damage only, not for who made them');
      sayHint(
        deps.terminal,
        'get the root.json of your releases and the fingerprint of its key, then: sudo pikit-update trust FILE --fingerprint SHA256:…',
      );
    }
    return { exit: EXIT.ok, json: { signed: false } };
  }
  if (!json) {
    deps.terminal.out(shownText(shown, deps.now()));
    if (!shown.isComplete) sayHint(deps.terminal, 'only root can see what was verified since: sudo pikit-update trust show');
  }
  return { exit: EXIT.ok, json: shownJson(shown) };
}

function shownText({ given, newest, roles, state }: TrustShown, at: Date): string {
  const rows: Row[] = [
    ['root', `version ${String(newest)}${newest === given ? '' : `, reached from version ${String(given)}, which you trusted`}`],
    ...roles.map((role) => roleRow(role, at)),
    ['signatures', ...signaturesValues({ unsigned: false, trust: state, last_result: null }, at)],
  ];
  return table(rows);
}

function roleRow({ role, threshold, keys, expires }: RoleFacts, now: Date): Row {
  const until = expires === null ? '' : `, ${expires <= now ? 'expired' : 'expires'} ${bothTimes(expires, now)}`;
  const label = role.replace(/^branch-/, 'branch ');
  return [
    label === 'root' ? 'root keys' : label,
    `${thresholdText(threshold, keys.length)}${until}`,
    ...keys.map(({ fingerprint, name }) => (name === null ? fingerprint : `${fingerprint}  ${name}`)),
  ];
}

function shownJson({ given, newest, roles, isComplete, state }: TrustShown): object {
  return {
    signed: true,
    root: { given, newest },
    roles: roles.map(({ role, threshold, keys, version, expires, paths }) => ({
      role,
      threshold,
      keys: keys.map(({ fingerprint, name }) => ({ fingerprint, name })),
      version,
      expires: expires?.toISOString() ?? null,
      paths,
    })),
    complete: isComplete,
    good: state?.good ?? null,
    until: state?.until ?? null,
    problem: state?.problem ?? null,
  };
}
