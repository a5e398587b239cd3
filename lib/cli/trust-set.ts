/** `pikit-update trust FILE|--from-source`: shows a root with its keys, asks once, and trusts it from now on. */
import { METADATA_MAX_BYTES } from '../core/trust/metadata-layout.ts';
import { rootFromBytes, rootFromFile } from '../device/trust-file.ts';
import { assertFingerprints } from '../device/trust-fingerprints.ts';
import { assertMayTrust } from '../device/trust-place.ts';
import type { TrustChange } from '../device/trust-set.ts';
import { setTrustedRoot, trustChange } from '../device/trust-set.ts';
import type { RootDocument } from '../io/trust/root-document.ts';
import type { RootPlace, TrustWish } from './arguments.ts';
import { agreedTo } from './ask.ts';
import type { CliDeps, Done } from './deps.ts';
import { EXIT } from './exit-codes.ts';
import { rootJson, rootText } from './root-text.ts';
import { sayHint, sayLine, sayWarning } from './say.ts';

type Wish = Omit<Extract<TrustWish, { is: 'set' }>, 'is'> & { json: boolean };

const QUESTION = 'Trust this root from now on? Compare the fingerprints first with those that the maker of the releases told you.';
const WAY = 'give the fingerprints of its keys (--fingerprint SHA256:…), or --yes to take it as it is';

export async function trustSetCommand(deps: CliDeps, { json, from, fingerprints, yes }: Wish): Promise<Done> {
  const { terminal } = deps;
  assertMayTrust(deps.paths, '…');
  const root = await rootOf(deps, from);
  if (!json) terminal.out(rootText(root, deps.now()));
  if (fingerprints.length > 0) assertFingerprints(root, fingerprints);
  const foreseen = trustChange(deps, root);
  if (foreseen.is === 'same') return told(deps, root, foreseen, json);
  if (fingerprints.length === 0) {
    if (from.is === 'source' && !json)
      sayWarning(
        terminal,
        'this is what the source says now: without a fingerprint that reached you in another way, you trust the network this once',
      );
    // What was read from standard input has used it up.
    const ask = from.is === 'input' ? null : deps.ask;
    if (!(await agreedTo({ ask, terminal }, { question: QUESTION, yes, json, way: WAY }))) return { exit: EXIT.failed, json: null };
  }
  const change = await setTrustedRoot(deps, root, (text) => {
    if (!json) sayLine(terminal, text);
  });
  return told(deps, root, change, json);
}

async function rootOf(deps: CliDeps, from: RootPlace): Promise<RootDocument> {
  switch (from.is) {
    case 'file':
      return rootFromFile(from.path);
    case 'input':
      return rootFromBytes(await deps.readInput(METADATA_MAX_BYTES.root), 'standard input');
    case 'source': {
      const { bytes, place } = await deps.requestRoot();
      return rootFromBytes(bytes, place);
    }
    default:
      return from satisfies never;
  }
}

function told({ terminal, paths }: CliDeps, root: RootDocument, change: TrustChange, json: boolean): Done {
  if (!json) {
    const version = String(root.version);
    if (change.is === 'same') sayLine(terminal, `this device trusts this root already`);
    else if (change.is === 'next')
      sayLine(terminal, `this device trusts root ${version} now, which the keys of root ${String(change.before)} have signed`);
    else sayLine(terminal, `this device trusts root ${version} now ('${paths.trustRoot}'), and installs only releases that its keys stand for`);
    if (change.is !== 'same')
      sayHint(terminal, '`pikit-update check` verifies what the source has; `pikit-update trust show` shows whom this device trusts');
  }
  return { exit: EXIT.ok, json: { changed: change.is !== 'same', before: change.is === 'next' ? change.before : null, root: rootJson(root) } };
}
