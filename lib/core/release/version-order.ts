/** Why a version is not newer than another one, for people: semver 2.0 section 11 is not what most people expect. */
import { UpdateError } from '../errors.ts';
import { compareVersions } from './version.ts';

interface Parts {
  core: string[];
  pre: string[];
}

export interface NotNewer {
  why: string;
  /** What to do about it; null if nothing but the usual helps. */
  advice: string | null;
}

/** For two versions of which the first is not newer than the second. */
export function whyNotNewer(version: string, current: string): NotNewer {
  const [mine, theirs] = [partsOf(version), partsOf(current)];
  if (version === current) return { why: 'it is the same version', advice: null };
  const at = mine.core.findIndex((part, index) => part !== theirs.core[index]);
  if (at >= 0) {
    const name = ['major', 'minor', 'patch'][at] ?? 'patch';
    return { why: `its ${name} number ${mine.core[at] ?? ''} is lower than ${theirs.core[at] ?? ''}`, advice: null };
  }
  if (compareVersions(version, current) === 0) {
    return {
      why: `they differ only in build metadata (what follows '+'), which does not count (semver 2.0 section 10)`,
      advice: `devices on stable take both for the same release: raise a number, for example ${raised(mine)}, or publish it on a branch of its own`,
    };
  }
  if (theirs.pre.length === 0) {
    const release = theirs.core.join('.');
    return {
      why: `it is a pre-release of ${release}, and comes before it (semver 2.0 section 11)`,
      advice: `take a pre-release of the next version, for example ${raised(theirs)}-${mine.pre.join('.')}`,
    };
  }
  return preReleaseOrder(mine, theirs);
}

function preReleaseOrder(mine: Parts, theirs: Parts): NotNewer {
  const at = theirs.pre.findIndex((part, index) => part !== mine.pre[index]);
  const [a, b] = [mine.pre[at], theirs.pre[at]];
  if (b === undefined || a === undefined)
    return {
      why: `'${mine.pre.join('.')}' has fewer parts than '${theirs.pre.join('.')}', and comes before it (semver 2.0 section 11)`,
      advice: null,
    };
  const isText = [a, b].some((part) => !/^\d+$/.test(part));
  if (!isText) return { why: `'${a}' is lower than '${b}'`, advice: null };
  if (/^\d+$/.test(a)) return { why: `'${a}' sorts before '${b}': a number comes before a word (semver 2.0 section 11)`, advice: null };
  const [, word = '', number = ''] = /^(.*?[A-Za-z-])(\d+)$/.exec(`${a}${mine.pre[at + 1] ?? ''}`) ?? [];
  const why = `'${a}' sorts before '${b}': parts with letters are compared as text (semver 2.0 section 11)`;
  if (number === '') return { why, advice: null };
  const core = mine.core.join('.');
  const next = [...theirs.pre.slice(0, at + 1), number].join('.');
  return {
    why,
    advice: `write numbers as a part of their own, as in ${word}.${number}, from the next version on; now ${core}-${next} is newer than ${core}-${theirs.pre.join('.')}`,
  };
}

/** The error for a version that is not newer than what a branch has. */
export function notNewer(version: string, current: string, branch: string): UpdateError {
  const { why, advice } = whyNotNewer(version, current);
  return new UpdateError('VERSION_NOT_NEWER', `${version} is not newer than ${current}, which the branch '${branch}' has now: ${why}`, {
    hint: advice ?? 'devices never downgrade automatically: publish old content again under a newer version',
  });
}

function partsOf(version: string): Parts {
  const [rest = ''] = version.split('+');
  const dash = rest.indexOf('-');
  const [core, pre] = dash < 0 ? [rest, ''] : [rest.slice(0, dash), rest.slice(dash + 1)];
  return { core: core.split('.'), pre: pre === '' ? [] : pre.split('.') };
}

function raised({ core: [major = '0', minor = '0', patch = '0'] }: Parts): string {
  return `${major}.${minor}.${String(Number(patch) + 1)}`;
}
