/** Options that several commands of pikit-release have. */
import type { OptionSpec, Options } from '../../core/command-line/command-table.ts';

const NONE: string[] = [];
export const many = { type: 'string', multiple: true, default: NONE } as const;

const site = {
  type: 'string',
  value: 'DIR',
  required: true,
  text: 'the site: the folder that devices read, served by any web server',
} as const satisfies OptionSpec;
const json = { type: 'boolean', default: false, text: 'print the result as JSON, errors too' } as const satisfies OptionSpec;
export const common = { site, json };

/** Of every command that signs. */
export const signingKeys = {
  keys: { type: 'string', value: 'DIR', text: 'the folder with the keys (default: DIR-keys beside the site)' },
  'key-fd': { type: 'string', value: 'N', text: 'read keys from this descriptor; or in the environment: PIKIT_KEYS' },
  'sign-with': { type: 'string', value: 'COMMAND', text: 'have a program sign with keys that it holds: see docs/hosting.md' },
} as const satisfies Options;

export const noPassphrase = { type: 'boolean', default: false, text: 'keys that are made now are not encrypted' } as const satisfies OptionSpec;

/** Of every command that changes keys. */
export const newKeys = {
  key: { ...many, value: 'FILE', text: 'a public key as PEM' },
  'new-key': { type: 'boolean', default: false, text: 'make one, in the folder of the keys' },
  threshold: { type: 'string', value: 'N', text: 'so many of the keys have to sign' },
  'no-passphrase': noPassphrase,
} as const satisfies Options;

export const expires = {
  ...many,
  value: 'ROLE=DAYS',
  text: 'for how long root, targets, snapshot, timestamp or branch-NAME is signed each time',
} as const;
