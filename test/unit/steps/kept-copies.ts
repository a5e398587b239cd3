/** The owner's files that were kept when a release took their place. */
import fs from 'node:fs';
import type { Device } from '../../helpers/device.ts';

export const EDITED = '/var/lib/pikit/edited';

export function copiesOf(on: Device, path: string): string[] {
  if (!fs.existsSync(on.at(EDITED))) return [];
  return fs
    .readdirSync(on.at(EDITED))
    .flatMap((tx) => on.read(`${EDITED}/${tx}${path}`) ?? [])
    .toSorted();
}
