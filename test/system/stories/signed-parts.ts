/** What signed.ts needs besides its acts: small releases, a clock for the steps that is wrong, and the lines that they may write. */
import type { PikitDevice } from '../../helpers/pikit-device.ts';
import type { Ingredients } from '../../helpers/release-builder.ts';

/** A release of one page. */
export function page(version: string, extra: Ingredients['extra'] = {}): Ingredients {
  return { version, extra: { 'pikit-web/index.html': `<!doctype html><title>${version}</title>\n`, ...extra } };
}

/** Where the drop-ins for the steps are. */
export const CLOCK = '/run/systemd/system/pikit-update-{check,fetch,apply}.service.d';
const FILE = '/run/clock';

/** Gives check, fetch and apply a clock of their own, by libfaketime: their sandbox takes such variables away, and here it does not. */
export async function wrongClock(device: PikitDevice): Promise<void> {
  const library = (await device.sh("faketime -m -f '+0' printenv LD_PRELOAD")).trim();
  const variables = `LD_PRELOAD=${library} FAKETIME_TIMESTAMP_FILE=${FILE} FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1 TZ=UTC`;
  await setClock(device, '+0');
  await device.writeFile('/root/clock.conf', `[Service]\nUnsetEnvironment=\nEnvironment=${variables}\n`);
  await device.sh(`for dir in ${CLOCK}; do install -D -m 0644 /root/clock.conf $dir/zz-clock.conf; done; systemctl daemon-reload`);
}

/** A time as faketime(1) takes it: it is read at each look at the clock. */
export async function setClock(device: PikitDevice, time: string): Promise<void> {
  await device.writeFile(FILE, `${time}\n`);
}

const V = String.raw`\d+\.\d+\.\d+(?:-[0-9a-z.]+)?`;

export const SIGNED_LINES: readonly RegExp[] = [
  new RegExp(`^${V} is signed by [a-z0-9, -]+ \\(valid until \\d{4}-\\d\\d-\\d\\d\\)$`),
  /\[(?:SIGNATURE_INVALID|SIGNATURE_MISSING|METADATA_ROLLBACK|TRUST_INVALID|CLOCK_WRONG)\]$/,
  /^hint: /,
  /^ran 'helpers\/hook\.sh' of the release$/,
  /^'helpers\/hook\.sh' wrote: /,
  /: waiting until it is synchronised, at most \d+ s$/,
  /^the clock is set: it says /,
];
