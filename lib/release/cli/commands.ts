/** The table of pikit-release (lib/core/command-line/command-table.ts): what it can do, and what each command takes. */
import type { OptionSpec } from '../../core/command-line/command-table.ts';
import { common, expires, many, newKeys, noPassphrase, signingKeys } from './common-options.ts';
import { TRUST_COMMANDS } from '../key-cli/trust-commands.ts';

const rollout = {
  type: 'string',
  value: 'PERCENT',
  text: 'offer it to a part of all devices only; run again with more to widen it',
} as const satisfies OptionSpec;
const NAMES = { text: 'NAME ...', most: Infinity } as const;
const about = {
  'display-name': { type: 'string', value: 'TEXT', text: 'what people call it (default: its name)' },
  description: { type: 'string', value: 'TEXT', text: 'what it is for' },
  'not-on': { ...many, value: 'PLATFORM', text: 'not for linux, windows or macos' },
  on: { ...many, value: 'PLATFORM', text: 'for it again' },
} as const;

const BRANCH_KEYS = [
  'With --key or --new-key, releases of this branch are signed by those keys, which can sign nothing else: a machine that builds nightlies has one. Without them, the keys of targets sign.',
] as const;

export const RELEASE = {
  name: 'pikit-release',
  commands: {
    init: {
      summary: 'create a site, or take over one that is published',
      options: {
        ...common,
        keys: signingKeys.keys,
        expires,
        'no-passphrase': noPassphrase,
        key: { ...newKeys.key, text: 'the public key of another person, as PEM: it can sign for root and targets as well' },
        threshold: { ...newKeys.threshold, text: 'with --key: so many have to sign for root and targets, for example 2 of 3' },
        unsigned: { type: 'boolean', default: false, text: 'without signatures: devices then check sha256 only, and warn about it' },
        from: { type: 'string', value: 'URL', text: 'take over what is published there: a folder, an http(s): or file: address, or gitea:URL' },
        trust: { type: 'string', value: 'ROOT', text: 'with --from: the root.json that the signatures have to come from' },
        'token-file': { type: 'string', value: 'FILE', text: 'the token for a private repository; or in the environment: PIKIT_RELEASE_TOKEN' },
      },
      more: [
        'Makes a key for the root of trust, one for releases (targets) and one that renews the rest (online), in a folder of their own. Copy that folder to a safe place: without its keys the next release cannot be signed.',
        'The passphrase is asked twice, or comes from the environment: PIKIT_KEY_PASSPHRASE. Every later command takes the same.',
      ],
    },
    build: {
      summary: 'build the release V from the folder TREE (pikit-web/, pikit-api.py, helpers/ ...) into the site',
      options: {
        ...common,
        ...signingKeys,
        from: { type: 'string', value: 'TREE', required: true, text: 'the folder with the files of the release' },
        version: { type: 'string', value: 'V', required: true, text: 'its version, for example 1.4.0 or 1.5.0-rc.1' },
        branch: { type: 'string', value: 'NAME', text: 'branch to publish on (default: stable)' },
        'notes-file': { type: 'string', value: 'FILE', text: 'what is new, as text' },
        changelog: { type: 'string', value: 'URL', text: 'where to read more' },
        rollout,
        run: { ...many, value: "'PATH ARG ...'", text: 'run this file of the release after the installation, with arguments without spaces' },
        restart: { ...many, value: 'UNIT', text: 'restart this unit after the installation' },
        config: { ...many, value: 'PATH', text: "keep the owner's edits of this file" },
        'min-version': { type: 'string', value: 'V', text: 'only for devices that have at least this version' },
        arch: { ...many, value: 'ARCH', text: 'only for devices of this architecture, for example arm64' },
        include: { ...many, value: 'NAME', text: 'let in what would be refused or left out: a name or pattern (*.pem), or a path from the top' },
      },
      more: [
        'Left out, with a notice: what version control, editors, tools and systems leave behind (.git, node_modules, .DS_Store, *.swp ...). Refused: what holds passwords or keys (.env, .npmrc, .htpasswd, id_rsa, *.pem, *.key ...). .well-known stays.',
        'The same release again is there already, and that is fine; with other content it is refused.',
        'SOURCE_DATE_EPOCH in the environment is the time of the release, in seconds since 1970.',
      ],
    },
    'branch list': { summary: 'all branches, and what is published on each', options: common },
    'branch add': {
      summary: 'a new branch; its name has only a-z, 0-9 and _',
      words: { text: 'NAME', most: 1 },
      options: {
        ...common,
        ...signingKeys,
        ...newKeys,
        ...about,
        hidden: { type: 'boolean', default: false, text: 'as after `branch hide`' },
        disabled: { type: 'boolean', default: false, text: 'as after `branch disable`' },
      },
      more: BRANCH_KEYS,
    },
    'branch edit': {
      summary: 'change what is said about a branch',
      words: { text: 'NAME', most: 1 },
      options: { ...common, ...signingKeys, ...newKeys, ...about },
      more: BRANCH_KEYS,
    },
    'branch enable': { summary: 'devices use the releases of these branches again', words: NAMES, options: { ...common, ...signingKeys } },
    'branch disable': {
      summary: 'devices on these branches use stable until they are enabled',
      words: NAMES,
      options: { ...common, ...signingKeys },
    },
    'branch hide': {
      summary: 'devices do not list these branches; their names can still be chosen',
      words: NAMES,
      options: { ...common, ...signingKeys },
    },
    'branch show': { summary: 'devices list these branches again', words: NAMES, options: { ...common, ...signingKeys } },
    'branch remove': { summary: 'remove these branches and what is published on them', words: NAMES, options: { ...common, ...signingKeys } },
    promote: {
      summary: 'put what a branch offers now on another one: the same bytes, nothing is built',
      words: { text: 'V', most: 1 },
      options: {
        ...common,
        ...signingKeys,
        from: { type: 'string', value: 'NAME', required: true, text: 'the branch that has it' },
        to: { type: 'string', value: 'NAME', required: true, text: 'the branch that gets it' },
        rollout,
      },
    },
    withdraw: {
      summary: 'take the newest release of a branch back: the branch offers the one before it again',
      words: { text: 'V', most: 1 },
      options: { ...common, ...signingKeys, branch: { type: 'string', value: 'NAME', text: 'branch to take it from (default: stable)' } },
      more: [
        'Devices that have installed it keep it; publish afterwards, so that no others do. The version never gets other content.',
        'Run it again after an interruption, and it goes on. The first release of a branch leaves it with none.',
      ],
    },
    publish: {
      summary: 'bring what the site offers to where devices find it: a folder, or a repository on Gitea or Forgejo',
      options: {
        ...common,
        to: { type: 'string', value: 'DIR|gitea:URL', required: true, text: 'a folder, or for example gitea:https://git.example.org/owner/repo' },
        branch: { ...many, value: 'NAME', text: 'this branch only, also of the list of branches' },
        'token-file': { type: 'string', value: 'FILE', text: 'the token for Gitea; or in the environment: PIKIT_RELEASE_TOKEN' },
        verify: { type: 'boolean', default: false, text: 'download bundles that are there already, and compare them' },
      },
      more: ['Run it again after an interruption, and it goes on. A site that is older than what is published is refused.'],
    },
    verify: {
      summary: 'check every hash, size, bundle, file and signature; exit with 1 and the list of what is wrong',
      options: { ...common, trust: { type: 'string', value: 'ROOT', text: 'also as a device does that trusts this root.json, an old one perhaps' } },
    },
    ...TRUST_COMMANDS,
  },
  end: [
    'PIKIT_KEY_PASSPHRASE and PIKIT_KEYS in the environment are for places without a terminal',
    'exit codes: 0 done or nothing to do, 1 failed, 2 usage',
  ],
} as const;
