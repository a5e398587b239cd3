/** `pikit-release init`: a new site, signed unless it is asked for otherwise, or one that goes on where a published one is. */
import { counted } from '../../core/quantities.ts';
import { keysFolderOf } from '../keys/key-folder.ts';
import { initSite } from '../site/init.ts';
import { isSigned } from '../site/site.ts';
import type { TakenOver } from '../site/take-over-site.ts';
import { takeOverSite } from '../site/take-over-site.ts';
import type { KeptKey } from '../trust/new-trust.ts';
import { keysForOne, signFirst } from '../trust/new-trust.ts';
import type { TeamWish } from '../keys/team-keys.ts';
import { readTeam, withTeam } from '../keys/team-keys.ts';
import { openKeys, ringOf } from '../keys/open-signing.ts';
import { keepOwnRoot } from '../keys/own-root.ts';
import type { TopRoles } from '../trust/signed-site.ts';
import type { InitCommand } from './arguments.ts';
import type { KeySurroundings } from '../key-cli/key-surroundings.ts';
import { signingSurroundings } from '../key-cli/key-surroundings.ts';

/** What a command has done, for JSON and for people. */
export interface CommandDone {
  value: object;
  text: string;
  notices: string[];
}

/** Throws what initSite, keysForOne and takeOverSite throw. */
export async function runInit(command: InitCommand, deps: KeySurroundings & { signal: AbortSignal }): Promise<CommandDone> {
  const { site, from } = command;
  if (from !== null) {
    const taken = await takeOverSite({ site, ...from, signal: deps.signal, at: deps.now });
    return { value: taken, text: describeTaken(site, taken), notices: taken.notices };
  }
  if (command.unsigned) {
    initSite(site, { unsigned: true });
    return { value: { site, signed: false }, text: `created the unsigned site '${site}'\n`, notices: [] };
  }
  const made = initSigned(command, deps);
  return { value: { site, signed: true, ...keysJson(made) }, text: `created the signed site '${site}'\n${describeKeys(made)}`, notices: [] };
}

/** The keys that a site got. */
export interface MadeKeys {
  folder: string;
  kept: KeptKey[];
  isEncrypted: boolean;
  /** `2 of 3 keys`, where others sign as well. */
  team: string | null;
}

function initSigned(command: InitCommand, deps: KeySurroundings): MadeKeys {
  const anew = signingAnew(command, deps);
  initSite(command.site, { unsigned: false, prepare: anew.prepare, sign: anew.sign });
  return anew.made;
}

const ALONE: TeamWish = { files: [], threshold: 1 };

/** How a site gets its first keys and signatures; an interrupted run goes on where it was. */
export function signingAnew(
  { site, days, keys, isEncrypted, team = ALONE }: Pick<InitCommand, 'site' | 'days' | 'keys' | 'isEncrypted'> & { team?: TeamWish },
  deps: KeySurroundings,
): { made: MadeKeys; prepare: () => void; sign: (added: ReadonlyMap<string, Buffer>) => void } {
  const around = signingSurroundings(deps);
  const made: MadeKeys = { folder: keys.keys ?? keysFolderOf(site), kept: [], isEncrypted, team: null };
  let roles: TopRoles | null = null;
  return {
    made,
    prepare: () => {
      const others = readTeam(team, ringOf(made.folder, keys, around));
      const own = keysForOne(site, { folder: made.folder, passphrases: around.passphrases, isEncrypted });
      made.kept = own.kept;
      roles = withTeam(own.roles, others);
      if (team.files.length > 0) made.team = `${String(roles.root.threshold)} of ${counted(roles.root.keys.length, 'key')}`;
    },
    sign: (added) => {
      const signing = openKeys(site, { ...keys, keys: made.folder }, around);
      if (isSigned(site) || roles === null) keepOwnRoot(site, signing);
      else signFirst(site, roles, { days, added }, signing);
    },
  };
}

/** What a script needs to know of the keys. */
export function keysJson({ folder, kept }: MadeKeys): object {
  const one = ({ key, path, isNew }: KeptKey): object => ({ name: key.name, path, fingerprint: key.fingerprint, isNew });
  return { keys: folder, made: kept.map(one) };
}

/** The keys with their fingerprints, and what to do with them. */
export function describeKeys({ folder, kept, isEncrypted, team }: MadeKeys): string {
  const open = isEncrypted ? '' : 'the keys are not encrypted: keep them where no other user can read them\n';
  return (
    `keys, in '${folder}':\n${describeMade(kept)}${open}${team === null ? '' : `root and targets need ${team}\n`}` +
    'what to do next:\n' +
    `  1. copy '${folder}' to a safe place, and keep the passphrase apart: without these keys the next release cannot be signed\n` +
    '  2. take root.pem off this machine: it is needed only to change keys\n' +
    "  3. build and publish a release; then, on each device: pikit-update trust --from-source, and compare the root's fingerprint\n" +
    '  4. run `pikit-release refresh` before the signatures expire; `pikit-release verify` says a month before that\n'
  );
}

/** One line for each key: where it is, and its fingerprint. */
export function describeMade(kept: readonly KeptKey[]): string {
  const width = Math.max(0, ...kept.map(({ path }) => path.length));
  return kept.map(({ key, path, isNew }) => `  ${path.padEnd(width)}  ${key.fingerprint}${isNew ? '' : '  (was there)'}\n`).join('');
}

function describeTaken(site: string, { from, signed, root, branches }: TakenOver): string {
  const lines = branches.map(
    ({ branch, version, sequence }) => `  ${branch}  ${version}${sequence === null ? '' : `  sequence ${String(sequence)}`}\n`,
  );
  const keys = root?.keys.map(({ name, fingerprint }) => `  ${fingerprint}  ${name ?? '-'}\n`).join('') ?? '';
  const trust = root === null ? '' : `signed by root ${String(root.version)}, of these keys: compare them with yours\n${keys}`;
  return `created the ${signed ? 'signed' : 'unsigned'} site '${site}' from what is published at '${from}'\n${lines.join('')}${trust}`;
}
