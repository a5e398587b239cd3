/** What is tried in signed-hostile.ts, as scripts that run as pikit-update in the place of the download, inside its sandbox. */

export const CACHE = '/var/cache/pikit-update';
export const STATE = '/var/lib/pikit-update';
export const RUN = '/run/pikit-update';
/** What the attacker brings along: metadata from before, and a site of its own with a release. */
export const BEFORE = '/srv/before';
export const STRANGE = '/srv/strange';

export interface Try {
  name: string;
  script: string;
  /** The code with which apply refuses; `installs` where what is signed is installed all the same, and `nothing` where there is nothing to do. */
  then: string;
}

const TREE = `${CACHE}/1.1.0/tree`;

/** Bytes, once they have been downloaded and verified, and before root takes them. */
export const BYTES: readonly Try[] = [
  { name: 'other bytes in a page', script: `sed -i 's/1\\.1\\.0/6.6.6/' ${TREE}/pikit-web/index.html`, then: 'DIGEST_MISMATCH' },
  { name: 'other bytes in a program', script: `echo 'import evil' >>${TREE}/pikit-api.py`, then: 'STAGED_INVALID' },
  { name: 'one file as another', script: `cp ${TREE}/pikit-web/release.txt ${TREE}/pikit-web/index.html`, then: 'STAGED_INVALID' },
  { name: 'a hard link to it elsewhere', script: `ln ${TREE}/pikit-web/index.html ${CACHE}/mine`, then: 'STAGED_INVALID' },
  { name: 'a file less', script: `rm ${TREE}/helpers/pikit-helper.sh`, then: 'STAGED_INVALID' },
  { name: 'a file more', script: `echo more >${TREE}/pikit-web/more.txt`, then: 'installs' },
  { name: 'another manifest', script: `sed -i 's/"1\\.1\\.0"/"6.6.6"/' ${CACHE}/1.1.0/manifest.json`, then: 'STAGED_INVALID' },
];

/** Signed metadata of the cache. */
export const METADATA: readonly Try[] = [
  { name: 'older metadata', script: `cp ${BEFORE}/*.json ${CACHE}/trust/`, then: 'METADATA_ROLLBACK' },
  { name: 'an older snapshot', script: `cp ${BEFORE}/snapshot.json ${CACHE}/trust/`, then: 'METADATA_MISMATCH' },
  { name: 'older targets', script: `cp ${BEFORE}/targets.json ${CACHE}/trust/`, then: 'METADATA_MISMATCH' },
  { name: 'an older timestamp', script: `cp ${BEFORE}/timestamp.json ${CACHE}/trust/`, then: 'METADATA_ROLLBACK' },
  {
    name: 'no signatures',
    script: `sed -i 's/"signatures":\\[[^]]*\\]/"signatures":[]/' ${CACHE}/trust/timestamp.json`,
    then: 'SIGNATURE_INVALID',
  },
  { name: 'metadata of other keys', script: `cp ${STRANGE}/tuf/*.json ${CACHE}/trust/`, then: 'SIGNATURE_INVALID' },
  { name: 'a next root of other keys', script: `cp ${STRANGE}/tuf/1.root.json ${CACHE}/trust/2.root.json`, then: 'SIGNATURE_INVALID' },
  { name: 'no metadata', script: `rm -r ${CACHE}/trust`, then: 'SIGNATURE_MISSING' },
  { name: 'a timestamp of gigabytes', script: `truncate -s 3G ${CACHE}/trust/timestamp.json`, then: 'METADATA_INVALID' },
  { name: 'a timestamp that is none', script: `head -c 3000 /dev/urandom >${CACHE}/trust/timestamp.json`, then: 'METADATA_INVALID' },
];

const staged = (version: string, sha: string): string =>
  `{"version":"${version}","branch":"stable","manifest_sha256":"${sha}","at":"2026-12-01T10:00:00.000Z"}`;

/** State, settings, tokens and progress, as if they were of others. */
export const FORGED: readonly Try[] = [
  {
    name: 'a whole release of other keys, with their metadata',
    script: `rm -rf ${CACHE}/*; cp -r ${STRANGE}/tuf ${CACHE}/trust; mkdir -p ${CACHE}/source ${CACHE}/6.6.6; cp ${STRANGE}/manifest.json ${CACHE}/source/
cp ${STRANGE}/manifest.json ${CACHE}/6.6.6/; tar -xzf ${STRANGE}/bundles/pikit-6.6.6.tar.gz -C ${CACHE}/6.6.6; mkdir ${CACHE}/6.6.6/tree; mv ${CACHE}/6.6.6/pikit* ${CACHE}/6.6.6/helpers ${CACHE}/6.6.6/tree
sha=$(sha256sum ${STRANGE}/manifest.json | cut -c1-64); rm -f ${STATE}/staged; echo '${staged('6.6.6', 'SHA')}' | sed "s/SHA/$sha/" >${STATE}/staged
python3 -c "
import json
state = json.load(open('${STATE}/state.json')); state['staged'] = json.load(open('${STATE}/staged')); state['unsigned'] = True
json.dump(state, open('${STATE}/state.json', 'w'))"`,
    then: 'SIGNATURE_INVALID',
  },
  {
    name: 'the release of other keys, behind metadata that is true',
    script: `mkdir ${CACHE}/6.6.6; cp ${STRANGE}/manifest.json ${CACHE}/6.6.6/; cp ${STRANGE}/manifest.json ${CACHE}/source/
sha=$(sha256sum ${STRANGE}/manifest.json | cut -c1-64); echo '${staged('6.6.6', 'SHA')}' | sed "s/SHA/$sha/" >${STATE}/staged
python3 -c "
import json
state = json.load(open('${STATE}/state.json')); state['staged'] = json.load(open('${STATE}/staged'))
json.dump(state, open('${STATE}/state.json', 'w'))"`,
    then: 'SIGNATURE_MISSING',
  },
  {
    name: 'a state that says it is unsigned, newer, and followed elsewhere',
    script: `python3 -c "
import json
state = json.load(open('${STATE}/state.json')); state.update(unsigned=True, current='0.0.1', latest='9.9.9', held=[], installed_branch='nightly')
state.pop('trust', None); json.dump(state, open('${STATE}/state.json', 'w'))"`,
    then: 'installs',
  },
  {
    name: 'settings and public facts of its own',
    script: ['settings.json', 'published.json', 'settings.json.tmp', 'published.json.tmp']
      .map((file) => `echo '{"auto":"install","branch":"nightly","trust":null}' >${STATE}/${file}; mv -f ${STATE}/state.json ${STATE}/${file}`)
      .join('; '),
    then: 'installs',
  },
  {
    name: 'the trusted root and what root has verified',
    script: `cp ${STRANGE}/tuf/root.json /etc/pikit/trust/root.json; rm -rf /etc/pikit/trust; cp ${STRANGE}/tuf/*.json /var/lib/pikit/trust/; echo ${STRANGE} >/etc/pikit/update.toml`,
    then: 'installs',
  },
  {
    name: 'tokens, orders, progress and runs',
    script: `for token in next/apply next/fetch next/rollback granted/fetch granted/apply granted/rollback orders/wanted orders/granted/apply orders/granted/rollback; do
    echo '{"run":"x","until":"install","by":"timer","version":"6.6.6","retry":true}' >${RUN}/$token; done
for file in progress.json run.json; do rm -f ${RUN}/$file; echo '{"step":"apply","phase":"done","version":"6.6.6","percent":100}' >${RUN}/$file; done
ln -sfn 0123456789abcdef0123456789abcdef ${RUN}/begun`,
    then: 'nothing',
  },
  {
    name: 'twenty thousand files, and one of a hundred megabytes',
    script: `mkdir ${CACHE}/full; cd ${CACHE}/full; seq 20000 | xargs touch; truncate -s 100M ${CACHE}/1.0.0; head -c 5M /dev/zero >${STATE}/timings.json`,
    then: 'installs',
  },
  {
    name: 'sockets at the names of files',
    script: `rm -f ${STATE}/timings.json ${RUN}/run.json ${RUN}/progress.json ${CACHE}/source/manifest.json
python3 -c "
import socket
for path in ('${STATE}/timings.json', '${RUN}/run.json', '${RUN}/progress.json', '${CACHE}/source/manifest.json'):
    s = socket.socket(socket.AF_UNIX); s.bind(path); s.listen()"`,
    then: 'installs',
  },
];

/** Something else at a name that root reads. */
export function plants(names: readonly string[], kinds: readonly Kind[]): Try[] {
  return names.flatMap((path) =>
    kinds.map((kind) => ({ name: `${kind} at ${path}`, script: PLANTS[kind](path), then: 'STAGED_INVALID|METADATA_INVALID' })),
  );
}

/** The same at names that root has no need of: at all of them in one try. */
export function plantsAtOnce(names: readonly string[], kinds: readonly Kind[]): Try[] {
  return kinds.map((kind) => ({ name: `${kind} at ${String(names.length)} names`, script: names.map(PLANTS[kind]).join('\n'), then: 'installs' }));
}

const PLANTS = {
  'a link to a file of root': (path: string) => `rm -rf ${path}; ln -s /var/lib/pikit/installed.json ${path}`,
  'a link to a folder of root': (path: string) => `rm -rf ${path}; ln -s /etc ${path}`,
  'a pipe': (path: string) => `rm -rf ${path}; mkfifo ${path}`,
  'a folder': (path: string) => `rm -rf ${path}; mkdir -p ${path}/x`,
} as const;
type Kind = keyof typeof PLANTS;

/** Exchanges what is staged and what is strange, as fast as it can, in one call each: neither is ever missing. */
export const EXCHANGE = `mkdir -p ${CACHE}/mine; cp -r ${TREE} ${CACHE}/mine/tree; echo stolen >${CACHE}/mine/tree/pikit-web/index.html; echo 'import evil' >${CACHE}/mine/tree/pikit-api.py
cp -r ${CACHE}/trust ${CACHE}/mine/trust; cp ${STRANGE}/tuf/*.json ${CACHE}/mine/trust/
echo begun
exec python3 -c "
import ctypes, os
libc = ctypes.CDLL(None)
pairs = [(os.fsencode(a), os.fsencode(b)) for a, b in (('${TREE}', '${CACHE}/mine/tree'), ('${CACHE}/trust', '${CACHE}/mine/trust'), ('${TREE}/pikit-api.py', '${CACHE}/mine/tree/pikit-api.py'))]
while True:
    for a, b in pairs: libc.renameat2(-100, a, -100, b, 2)"`;
