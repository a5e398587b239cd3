/** The commands of signed sites, a part of the table of pikit-release (commands.ts). */
import { common, expires, newKeys, noPassphrase, signingKeys } from '../cli/common-options.ts';

const pending = { type: 'string', value: 'DIR', text: 'where a root waits for signatures (default: tuf-pending in the folder of the keys)' } as const;
const ROLES = 'Roles are root, targets, snapshot, timestamp, online (snapshot and timestamp), and branch-NAME of a branch with keys of its own.';

export const TRUST_COMMANDS = {
  refresh: {
    summary: 'renew the signatures that expire first: snapshot and timestamp, and others that are due and have their keys here',
    options: { ...common, ...signingKeys, expires },
    more: ['Publish afterwards. A job that runs it each day needs the online key only.'],
  },
  sign: {
    summary: 'make an unsigned site a signed one, or sign what an interrupted run has left unsigned',
    options: { ...common, ...signingKeys, expires, 'no-passphrase': noPassphrase },
    more: ['Devices that run unsigned go on; each gets its root of trust with `pikit-update trust --from-source`.'],
  },
  prune: { summary: 'remove old signed metadata: the last three versions stay, roots for ever', options: common },
  'key list': { summary: 'who may sign what, until when, and which keys are here', options: { ...common, ...signingKeys } },
  'key add': {
    summary: 'let one more key sign for a role',
    words: { text: 'ROLE', most: 1 },
    options: { ...common, ...signingKeys, ...newKeys, pending },
    more: [
      ROLES,
      'A new root needs the signatures that the one before asks for, and its own: where some are not here, it is kept in a file for `key sign`.',
    ],
  },
  'key rotate': {
    summary: 'put a new key in the place of one, or of all keys of a role',
    words: { text: 'ROLE [KEY]', most: 2 },
    options: { ...common, ...signingKeys, ...newKeys, pending },
    more: [ROLES, 'KEY is a name or a fingerprint, as `key list` shows them. Without --key a new one is made.'],
  },
  'key revoke': {
    summary: 'take a key from a role: what it signed alone counts no more',
    words: { text: 'ROLE KEY', most: 2 },
    options: { ...common, ...signingKeys, threshold: newKeys.threshold, pending },
    more: [ROLES, 'KEY is a name or a fingerprint, as `key list` shows them. The last key of a role is exchanged with `key rotate`.'],
  },
  'key sign': {
    summary: 'sign a root that waits for signatures; with --site, put it into effect when it has all',
    words: { text: 'FILE', most: 1 },
    options: { ...signingKeys, site: { type: 'string', value: 'DIR', text: 'the site whose root it becomes' }, json: common.json },
    more: ['The person who began the change sends FILE; the others sign it, and send it back.'],
  },
} as const;
