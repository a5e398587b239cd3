/**
 * The closed list of what can happen to a device, as the journal of systemd has it: each event has a MESSAGE_ID of its own, which
 * never changes, and a paragraph for `journalctl -x`. The catalog of the package and docs/journal.md are this table.
 */
export const EVENTS = {
  available: {
    id: '6effd0698a334e9c91fa107ef177cfe4',
    subject: 'A release of Pi-Kit is available',
    happened: 'The source offers a release that this device can install.',
    safe: 'Nothing was changed.',
    todo: 'Run "pikit-update plan" to see what an installation would change, and "pikit-update apply" to install it.',
  },
  downloaded: {
    id: '3d80db5038f2479ca5016fb38e256c3b',
    subject: 'A release of Pi-Kit is downloaded and verified',
    happened: 'The release is on this device, complete, and has the hashes that its manifest names.',
    safe: 'The installed release was not changed.',
    todo: 'Run "pikit-update apply" to install it, unless the timer does.',
  },
  installed: {
    id: '9e2273b7bb1d460a97ce73250c8f1360',
    subject: 'A release of Pi-Kit is installed',
    happened: 'The files of the release are in place, the services were restarted, and the health checks passed.',
    safe: 'The previous release is kept as a backup, and so is each file that you had edited.',
    todo: 'Nothing. To return to the previous release, run "pikit-update rollback".',
  },
  'rolled-back': {
    id: 'ddc4be1af58546949384178aa05ea96b',
    subject: 'Pi-Kit is back on the previous release',
    happened: 'The files of the previous release are restored, because you asked for it or because the new release failed its health check.',
    safe: 'The device has exactly the files that it had with that release.',
    todo: 'The timer does not install that release again. "pikit-update history" shows the reason.',
  },
  failed: {
    id: '74538673988e409ea12309dcaa28985b',
    subject: 'The step @PIKIT_STEP@ of Pi-Kit Updater failed: @PIKIT_ERROR_CODE@',
    happened: 'The step failed. The message gives the reason, and PIKIT_ERROR_CODE its kind.',
    safe: 'The device runs one whole release: an installation that fails restores the files before it ends.',
    todo: 'Follow the hint after the message. /usr/share/doc/pikit-update/journal.md explains each code.',
  },
  untrusted: {
    id: 'f7daf08ab17741edaebff9a363cb0c73',
    subject: 'The signatures of the source of Pi-Kit are not valid: @PIKIT_ERROR_CODE@',
    happened:
      'The source does not have the signatures that this device requires, or what the device trusts is damaged. The message gives the reason.',
    safe: 'Nothing was installed, and the installed release stays. Without the keys, neither the server nor the network can change that.',
    todo: 'Follow the hint after the message. /usr/share/doc/pikit-update/journal.md has a plain sentence and a way out for each code.',
  },
  broken: {
    id: 'ba5821dabab94cb3865c2d9b6903519d',
    subject: 'An update of Pi-Kit can be neither finished nor undone',
    happened: 'Files could not be restored, most often because the disk reports errors. Files of two releases may be mixed.',
    safe: 'The backup in /var/backups/pikit is kept. Nothing is retried without end.',
    todo: 'Look at "dmesg": the card may be failing. Then run "pikit-update rollback", or install a release with "pikit-update apply".',
  },
  held: {
    id: '8b9bfd6d15004a6e80fc81dd0c805332',
    subject: 'A release of Pi-Kit is held',
    happened: 'The source offers a release that failed on this device before, so this device does not install it.',
    safe: 'The installed release stays. A newer release is installed as always.',
    todo: 'Wait for the next release, or remove the cause and try again with "pikit-update apply --version VERSION".',
  },
  interrupted: {
    id: '0b383f9bec024c76afa50dff5a0d846f',
    subject: 'An interrupted step of Pi-Kit Updater was resolved',
    happened: 'A power cut or a signal ended a step early. Its open transaction was undone or finished.',
    safe: 'The device runs one whole release: the message says which.',
    todo: 'Nothing. If it happens again, look at the power supply and at the memory of the device.',
  },
  'branch-left': {
    id: 'b6d9e05dc36c4d6285014e05f502fc47',
    subject: 'The branch that this device follows was removed',
    happened: 'The source no longer has the branch that you had chosen, so this device follows stable now.',
    safe: 'The installed release stays.',
    todo: 'Nothing, or choose another branch: "pikit-update branch" lists them.',
  },
} as const;

export type EventName = keyof typeof EVENTS;

/** What a line of the journal is about, beside its words. */
export interface LifecycleEvent {
  is: EventName;
  version?: string | null;
  branch?: string | null;
  code?: string;
  /** Whose keys have signed the release: their names, or their fingerprints where they have none. */
  signedBy?: string | null;
}

/** The fields of an entry (systemd.journal-fields(7)); one that is not known is left out. */
export function eventFields({ is, version, branch, code, signedBy }: LifecycleEvent): Record<string, string> {
  const known = Object.entries({ PIKIT_VERSION: version, PIKIT_BRANCH: branch, PIKIT_ERROR_CODE: code, PIKIT_SIGNED_BY: signedBy });
  return { MESSAGE_ID: EVENTS[is].id, ...Object.fromEntries(known.filter((field): field is [string, string] => typeof field[1] === 'string')) };
}

const WIDTH = 76;

/** The message catalog (https://systemd.io/CATALOG): what happened, what is still safe, what to do. */
export function catalogText(): string {
  const entries = Object.values(EVENTS).map(({ id, subject, happened, safe, todo }) =>
    [
      `-- ${id}`,
      `Subject: ${subject}`,
      'Defined-By: Pi-Kit Updater',
      'Documentation: file:/usr/share/doc/pikit-update/journal.md',
      '',
      [happened, safe, todo].map(wrapped).join('\n\n'),
      '',
    ].join('\n'),
  );
  return entries.join('\n');
}

function wrapped(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line === '') lines.splice(-1, 1, word);
    else if (line.length + 1 + word.length <= WIDTH) lines.splice(-1, 1, `${line} ${word}`);
    else lines.push(word);
  }
  return lines.join('\n');
}
