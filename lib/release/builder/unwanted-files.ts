/**
 * What lies in the folder of a release and does not belong into one. Leftovers of editors, systems and tools are left out with a
 * notice; what looks like a secret stops the build, because a page may need it, and the person who builds has to know that it is there.
 * `--include` lets in what is meant.
 */

const JUNK: readonly { names: RegExp; what: string }[] = [
  { names: /^(\.git|\.svn|\.hg|\.bzr|cvs|_darcs)$/, what: 'it belongs to version control' },
  { names: /^\.(gitignore|gitattributes|gitmodules|gitkeep|hgignore|mailmap)$/, what: 'it belongs to version control' },
  {
    names: /^(node_modules|bower_components|__pycache__|\.venv|\.tox|\.nyc_output|\.pytest_cache|\.mypy_cache|\.cache)$/,
    what: 'tools put it there',
  },
  { names: /^(\.idea|\.vscode|\.vs|\.editorconfig)$/, what: 'an editor put it there' },
  { names: /^(\.ds_store|\._.*|__macosx|\.appledouble|\.spotlight-v100|\.trashes|\.fseventsd)$/, what: 'a Mac put it there' },
  { names: /^(thumbs\.db|ehthumbs\.db|desktop\.ini|\$recycle\.bin)$/, what: 'Windows put it there' },
  { names: /(^\.directory$|^\.nfs[0-9a-f]+$|^\.fuse_hidden|^\.trash-\d+$|^lost\+found$)/, what: 'the system put it there' },
  { names: /(\.sw[a-p]$|~$|^#.*#$|^\.#|\.(orig|rej|bak)$)/, what: 'it is what an editor keeps beside a file' },
  { names: /(\.py[co]$|^npm-debug\.log|^yarn-error\.log)/, what: 'tools put it there' },
];

/** Examples carry no secret. */
const EXAMPLE = /\.(example|sample|template|dist|defaults?)$/;
const SECRETS: readonly RegExp[] = [
  /^\.env(\..+|rc)?$/,
  /^\.(npmrc|yarnrc|yarnrc\.yml|pypirc|netrc|pgpass|my\.cnf|git-credentials|dockercfg|htpasswd|htdigest|vault_pass(\.txt)?|s3cfg|boto)$/,
  /^(_netrc|credentials|htpasswd)$/,
  /^\.(ssh|gnupg|aws|kube|docker|azure)$/,
  /^id_(rsa|dsa|ecdsa|ecdsa_sk|ed25519|ed25519_sk)$/,
  /\.(pem|key|p12|pfx|jks|keystore|kdbx|ppk|gpg|ovpn)$/,
];
const PRIVATE_KEY = /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----/;

export type Unwanted = { is: 'junk' | 'secret'; why: string };

/** What a name says about a file or folder; null if it may be in a release. Upper and lower case are the same. */
export function unwantedName(name: string): Unwanted | null {
  const lower = name.toLowerCase();
  const junk = JUNK.find(({ names }) => names.test(lower));
  if (junk !== undefined) return { is: 'junk', why: junk.what };
  const isSecret = SECRETS.some((pattern) => pattern.test(lower)) && !EXAMPLE.test(lower);
  return isSecret ? { is: 'secret', why: 'files of that name hold passwords or keys' } : null;
}

/** Whether the beginning of a file is that of a private key, whatever its name. */
export function isPrivateKey(beginning: string): boolean {
  return PRIVATE_KEY.test(beginning);
}

/**
 * Whether a path of the release is let in by one of the patterns of `--include`: a name anywhere (`.env`, `*.pem`), or, with a
 * slash, a path from the top (`pikit-web/keys/*.pem`, `pikit-web/node_modules`); `*` is any part of a name, `**` any path. What is
 * below a folder that a pattern names is let in by it, unless it is a secret of its own.
 */
export function isIncluded(path: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => matchesInclude(path, pattern));
}

/** The same for one pattern. */
export function matchesInclude(path: string, pattern: string): boolean {
  const trimmed = pattern.replace(/^\.?\//, '').replace(/\/+$/, '');
  const subject = trimmed.includes('/') ? path : path.slice(path.lastIndexOf('/') + 1);
  const source = trimmed
    .split(/(\*\*\/?|\*|\?)/)
    .map((part) => {
      if (part === '**/') return '(?:.*/)?';
      if (part === '**') return '.*';
      if (part === '*') return '[^/]*';
      return part === '?' ? '[^/]' : part.replace(/[\\^$.|+()[\]{}]/g, '\\$&');
    })
    .join('');
  return new RegExp(`^${source}$`, 'i').test(subject);
}
