/** One device and two releases that between them have every kind of change: what crash tests run over. */
import fs from 'node:fs';
import { join } from 'node:path';
import { readInstalled } from '../../lib/transaction/change/installed.ts';
import { planChange } from '../../lib/transaction/plan/plan.ts';
import { open } from '../../lib/transaction/transaction.ts';
import type { TransactionPaths } from '../../lib/transaction/transaction-paths.ts';
import type { Journal } from '../../lib/transaction/types.ts';
import type { Release } from './change.ts';
import { applyRelease, placeIn, recordFile, releaseChange, stageRelease } from './change.ts';
import { writeTree } from './tree.ts';

const WEB = '/var/www/pikit-web';

/** Not ours before any release, and after all of them. */
const FOREIGN = {
  [`${WEB}/assets/upload.png`]: { text: "a third party's", mode: 0o640 },
  [`${WEB}/notes.txt`]: 'mine',
  '/usr/local/bin/other': { text: '#!/bin/sh\n', mode: 0o755 },
  '/etc/pikit/update.toml': 'type = "static"\n',
};

export const FOREIGN_PATHS = Object.keys(FOREIGN);

export const V1: Release = {
  version: '1.0.0',
  files: {
    [`${WEB}/index.html`]: '<script src=assets/app-1.js>',
    [`${WEB}/assets/app-1.js`]: 'one()',
    [`${WEB}/assets/same.css`]: 'same',
    [`${WEB}/old/only/x (1) größe.txt`]: 'x',
    [`${WEB}/old/only/gone.txt`]: 'the owner removes this one',
    [`${WEB}/thing`]: 'a file that becomes a directory',
    [`${WEB}/nest/c.txt`]: 'c',
    [`${WEB}/nest/in/d.txt`]: 'd',
    [`${WEB}/site.conf`]: { text: 'port = 80\n', config: true },
    [`${WEB}/edited.txt`]: 'as shipped',
    [`${WEB}/run.sh`]: '#!/bin/sh\n',
    '/usr/local/bin/pikit-api.py': { text: '#!/usr/bin/python3\n# 1\n', mode: 0o755 },
  },
};

export const V2: Release = {
  version: '2.0.0',
  files: {
    [`${WEB}/index.html`]: '<script src=assets/app-2.js>',
    [`${WEB}/assets/app-2.js`]: 'two()',
    [`${WEB}/assets/same.css`]: 'same',
    [`${WEB}/thing/a [é] & b.txt`]: 'a',
    [`${WEB}/thing/sub/b.txt`]: 'b',
    [`${WEB}/nest`]: 'a directory that became a file',
    [`${WEB}/site.conf`]: { text: 'port = 80\ntls = true\n', config: true },
    [`${WEB}/edited.txt`]: 'shipped again',
    [`${WEB}/run.sh`]: { text: '#!/bin/sh\n', mode: 0o755 },
    [`${WEB}/deep/er/new.txt`]: 'new',
    [`${WEB}/adopted.txt`]: 'of the release now',
    '/usr/local/bin/pikit-api.py': { text: '#!/usr/bin/python3\n# 2\n', mode: 0o755 },
  },
};

/** What the owner does while 1.0.0 runs. */
const EDITS = {
  [`${WEB}/site.conf`]: 'port = 8080\n',
  [`${WEB}/edited.txt`]: { text: 'edited by the owner', mode: 0o600 },
  [`${WEB}/adopted.txt`]: { text: 'foreign until 2.0.0', mode: 0o664 },
};

/** A device that never had an update. */
export function bareDevice(root: string): TransactionPaths {
  fs.mkdirSync(root);
  writeTree(root, { ...FOREIGN, '/usr/local/bin/pikit-api.py': '# of the image\n', '/var/lib/pikit-update/state.json': '{}' });
  const place = placeIn(root);
  fs.writeFileSync(recordFile(place), 'null\n');
  return place;
}

/** A device on 1.0.0, edited by its owner. */
export function device(root: string): TransactionPaths {
  const place = bareDevice(root);
  applyRelease(place, V1);
  writeTree(root, EDITS);
  fs.rmSync(join(root, `${WEB}/old/only/gone.txt`));
  fs.chownSync(join(root, `${WEB}/adopted.txt`), place.owner.uid === 0 ? 33 : place.owner.uid, place.owner.gid === 0 ? 33 : place.owner.gid);
  stageRelease(place, V2);
  return place;
}

/** The update of device() to 2.0.0: prepared, and nothing is swapped. */
export function openUpdate(place: TransactionPaths): Journal {
  const opening = { kind: 'apply' as const, from: '1.0.0', to: '2.0.0', branch: 'stable', now: new Date(), backup: null };
  return open(place, opening, planChange(place, releaseChange(place, V2)), readInstalled(place));
}

/** The same device after the update, with an edit of a file that 2.0.0 brought. */
export function updatedDevice(root: string): TransactionPaths {
  const place = device(root);
  applyRelease(place, V2);
  writeTree(root, { [`${WEB}/deep/er/new.txt`]: 'edited on 2.0.0' });
  return place;
}

/** The web folder of device(): mode and content of everything in it. */
export const OLD_WEB = {
  'adopted.txt': '0664 "foreign until 2.0.0"',
  assets: '0755 ',
  'assets/app-1.js': '0644 "one()"',
  'assets/same.css': '0644 "same"',
  'assets/upload.png': `0640 "a third party's"`,
  'edited.txt': '0600 "edited by the owner"',
  'index.html': '0644 "<script src=assets/app-1.js>"',
  nest: '0755 ',
  'nest/c.txt': '0644 "c"',
  'nest/in': '0755 ',
  'nest/in/d.txt': '0644 "d"',
  'notes.txt': '0644 "mine"',
  old: '0755 ',
  'old/only': '0755 ',
  'old/only/x (1) größe.txt': '0644 "x"',
  'run.sh': '0644 "#!/bin/sh\\n"',
  'site.conf': '0644 "port = 8080\\n"',
  thing: '0644 "a file that becomes a directory"',
};

/** The web folder after the update to 2.0.0. */
export const NEW_WEB = {
  'adopted.txt': '0644 "of the release now"',
  assets: '0755 ',
  'assets/app-2.js': '0644 "two()"',
  'assets/same.css': '0644 "same"',
  'assets/upload.png': `0640 "a third party's"`,
  deep: '0755 ',
  'deep/er': '0755 ',
  'deep/er/new.txt': '0644 "new"',
  'edited.txt': '0644 "shipped again"',
  'index.html': '0644 "<script src=assets/app-2.js>"',
  nest: '0644 "a directory that became a file"',
  'notes.txt': '0644 "mine"',
  'run.sh': '0755 "#!/bin/sh\\n"',
  'site.conf': '0644 "port = 8080\\n"',
  'site.conf.pikit-new': '0644 "port = 80\\ntls = true\\n"',
  thing: '0755 ',
  'thing/a [é] & b.txt': '0644 "a"',
  'thing/sub': '0755 ',
  'thing/sub/b.txt': '0644 "b"',
};
