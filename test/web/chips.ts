/** What the chip has to say in every state of the mock, as its owner would put it. */
import type { PlayedFailure } from '../../lib/mock/types.ts';
import { en } from '../../web/strings/en.ts';
import { readMockStates } from '../helpers/played.ts';

const OFFER = 'Update available (1.5.0)';

const SAID: Readonly<Record<string, string>> = {
  'up-to-date': 'Up to date',
  'never-checked': en.chip['never-checked'],
  'first-install': en.chip.first('1.5.0'),
  available: OFFER,
  'available-staged': OFFER,
  'available-hostile-notes': OFFER,
  'available-long-notes': OFFER,
  'available-unknown-size': OFFER,
  downgrade: en.chip.downgrade('1.5.0'),
  'on-a-branch': 'Update available (1.6.0-beta.2)',
  held: en.chip.held('1.5.0'),
  'held-after-three-attempts': en.chip.held('1.5.0'),
  'stepping-stone': OFFER,
  'left-by-rollback': OFFER,
  waiting: en.chip.waiting('1.5.0'),
  incompatible: en.chip.incompatible('1.5.0'),
  skipped: en.chip.skipped('1.5.0'),
  checking: 'Checking…',
  'checking-by-timer': 'Checking…',
  downloading: 'Downloading 43%',
  'downloading-unknown-size': 'Downloading…',
  'downloading-stalled': 'Downloading 43%',
  'download-by-timer': 'Downloading 43%',
  unpacking: `${en.phases.unpacking}…`,
  verifying: 'Installing…',
  preparing: 'Installing…',
  installing: 'Installing…',
  'installing-staged': 'Installing…',
  'post-install': 'Installing…',
  restarting: 'Installing…',
  'checking-health': 'Installing…',
  'going-back': 'Rolling back…',
  'update-queued': 'Downloading…',
  'rolling-back': 'Rolling back…',
  recovering: `${en.phases.recovering}…`,
  updated: 'Up to date',
  'rolled-back': 'Update rolled back',
  'went-back': en.chip.left('1.3.2'),
  cancelled: OFFER,
  'nothing-to-do': 'Up to date',
  offline: 'No network connection',
  stale: en.chip.stale(40),
  'stale-offline': en.chip['no-server'],
  signed: 'Up to date',
  'signed-available': OFFER,
  'signed-by-branch': 'Update available (1.6.0-beta.2)',
  'signatures-expired': 'Last verified Nov 1, 2026',
  'signatures-older': en.chip.untrusted,
  'signatures-wrong': en.chip.untrusted,
  unsigned: OFFER,
  broken: 'Needs repair',
  'branch-disabled': 'Up to date',
  'branch-removed': 'Up to date',
  'branch-not-listed': 'Up to date',
  'branch-no-list': 'Up to date',
  'branch-not-known': 'Up to date',
  drift: 'Up to date',
  'config-conflict': 'Up to date',
  'edits-kept': 'Up to date',
  notices: 'Up to date',
  'auto-off': 'Up to date',
  'auto-install': 'Up to date',
  'no-backup': 'Up to date',
  'backup-damaged': 'Up to date',
  'rollback-open': en.chip.interrupted,
  'rollback-private': 'Up to date',
};

const OFFLINE: Readonly<Record<string, string>> = {
  OFFLINE: 'No network connection',
  SERVER_UNREACHABLE: en.chip['no-server'],
  SERVER_ERROR: en.chip['no-server'],
};

function afterFailure({ code, step, outcome }: PlayedFailure): string {
  if (outcome === 'broken') return 'Needs repair';
  if (outcome === 'rolled-back') return 'Update rolled back';
  if (outcome === 'cancelled') return OFFER;
  if (code === 'METADATA_EXPIRED') return en.chip.expired(null);
  if (/^(SIGNATURE|METADATA|TRUST)_/.test(code)) return en.chip.untrusted;
  const offline = step === 'check' ? OFFLINE[code] : undefined;
  return offline ?? en.failed(en.steps[step]);
}

/** By name, those after a failure included. */
export const CHIPS: Readonly<Record<string, string>> = {
  ...SAID,
  ...Object.fromEntries(readMockStates().failures.map((failure) => [`failed:${failure.code}`, afterFailure(failure)])),
};
