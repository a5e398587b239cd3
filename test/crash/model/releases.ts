/**
 * Fixture F1 of the plan: 14 old files, 13 new ones (the version file among both), 7 replaced, 2 created, 3 deleted, 2 new
 * nested directories, 1 removed, 2 foreign files. And one of 200 files.
 */
import type { Tree } from '../../helpers/tree.ts';

export interface ReleaseFile {
  text: string;
  mode?: string;
  config?: boolean;
}

export interface Release {
  version: string;
  /** Path in the release to content. */
  files: Readonly<Record<string, string | ReleaseFile>>;
}

const WEB = '/var/www/pikit-web';

export const FOREIGN: Tree = {
  [`${WEB}/assets/upload.png`]: { text: "a third party's", mode: 0o640 },
  '/usr/local/bin/other': { text: '#!/bin/sh\n', mode: 0o755 },
};

const SAME = {
  'pikit-web/favicon.svg': '<svg/>',
  'pikit-web/assets/same.css': 'same {}',
  'pikit-web/assets/logo.svg': '<svg>logo</svg>',
  'helpers/pikit-log.sh': { text: '#!/bin/sh\nlogger\n', mode: '0755' },
};

export const F1_OLD: Release = {
  version: '1.0.0',
  files: {
    ...SAME,
    'pikit-web/index.html': '<script src=assets/app.js>1',
    'pikit-web/about.html': 'about 1',
    'pikit-web/assets/app.js': 'one()',
    'pikit-web/assets/style.css': 'one {}',
    'pikit-api.py': { text: '#!/usr/bin/python3\n# 1\n', mode: '0755' },
    'helpers/pikit-fan.sh': { text: '#!/bin/sh\n# 1\n', mode: '0755' },
    'pikit-web/assets/gone.js': 'gone()',
    'pikit-web/lang/de.json': '{"de":1}',
    'helpers/pikit-gone.sh': { text: '#!/bin/sh\n', mode: '0755' },
  },
};

export const F1_NEW: Release = {
  version: '2.0.0',
  files: {
    ...SAME,
    'pikit-web/index.html': '<script src=assets/app.js>2, and more of it',
    'pikit-web/about.html': 'about 2',
    'pikit-web/assets/app.js': 'two()',
    'pikit-web/assets/style.css': 'two {}',
    'pikit-api.py': { text: '#!/usr/bin/python3\n# 2\n', mode: '0755' },
    'helpers/pikit-fan.sh': { text: '#!/bin/sh\n# 2\n', mode: '0700' },
    'pikit-web/deep/er/new.js': 'fresh()',
    'pikit-web/deep/new.css': 'fresh {}',
  },
};

/** What only the drifted device has: a file and a directory that change places, and a file with settings. */
export const DRIFT_OLD: Release = {
  version: '1.0.0',
  files: {
    ...F1_OLD.files,
    'pikit-web/thing': 'a file that becomes a directory',
    'pikit-web/nest/c.txt': 'c',
    'pikit-web/nest/in/d.txt': 'd',
    'pikit-web/site.conf': { text: 'port = 80\n', config: true },
  },
};

export const DRIFT_NEW: Release = {
  version: '2.0.0',
  files: {
    ...F1_NEW.files,
    'pikit-web/thing/a.txt': 'a',
    'pikit-web/thing/sub/b.txt': 'b',
    'pikit-web/nest': 'a directory that became a file',
    'pikit-web/site.conf': { text: 'port = 80\ntls = true\n', config: true },
    'pikit-web/adopted.txt': 'of the release now',
  },
};

/** What the owner did to that device: edits, a file where the next release has one, a file removed. */
export const EDITS: Tree = {
  [`${WEB}/site.conf`]: 'port = 8080\n',
  [`${WEB}/assets/app.js`]: { text: 'edited by the owner', mode: 0o600 },
  [`${WEB}/assets/gone.js`]: 'edited by the owner, too',
  [`${WEB}/adopted.txt`]: { text: 'foreign until 2.0.0', mode: 0o664 },
};
export const REMOVED_BY_OWNER = `${WEB}/assets/style.css`;
/** Edited after the update, before the way back. */
export const LATER_EDITS: Tree = { [`${WEB}/deep/new.css`]: 'edited on 2.0.0' };

/** 200 files, of which 60 change, 20 go and 20 come. */
function large(version: string, first: number): Release {
  const files = Array.from({ length: 200 }, (_, index): [string, string] => {
    const n = first + index;
    return [`pikit-web/chunks/${String(n % 8)}/chunk-${String(n)}.js`, n % 3 === 0 ? `${version} ${String(n)}` : `same ${String(n)}`];
  });
  return { version, files: { ...F1_OLD.files, 'pikit-web/index.html': version, ...Object.fromEntries(files) } };
}

export const LARGE_OLD = large('1.0.0', 0);
export const LARGE_NEW = large('2.0.0', 20);
