/** The demo from the first act to the last, in a folder of its own. */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { UpdateError, toUpdateError } from '../core/errors.ts';
import { failAndGoBack, goBackByHand, installFirst, killApply, updateByHand } from './acts.ts';
import type { Build, Stage } from './stage.ts';
import { setStage } from './stage.ts';
import { transcript } from './transcript.ts';

export interface DemoOptions extends Build {
  /** Where to play; null for a temporary folder. */
  dir: string | null;
  keep: boolean;
  colour: boolean;
  signal: AbortSignal;
  write: (text: string) => void;
}

/** Plays the demo, and returns the exit code: 0 when everything that it says was true. Leaves the folder if that is wanted, or needed. */
export async function runDemo(options: DemoOptions): Promise<number> {
  let muted = false;
  const say = transcript((text) => {
    if (!muted) options.write(text);
  }, options.colour);
  const dir = makeFolder(options.dir);
  const begun = performance.now();
  let keep = options.keep || options.dir !== null;
  let stage: Stage | null = null;
  try {
    say.text(`Real steps and real unit files, without systemd, without root. The device is the folder '${dir}/device'.`);
    const playing = (stage = await setStage(dir, options, say));
    const stopped = new Promise<never>((_resolve, reject) => {
      options.signal.addEventListener('abort', () => {
        reject(new UpdateError('CANCELLED', 'the demo was stopped'));
      });
    });
    stopped.catch(() => undefined); // each act races against it; between acts there is no listener
    for (const act of [installFirst, updateByHand, failAndGoBack, killApply, goBackByHand]) await Promise.race([act(playing), stopped]);
    await playing.pikitUpdate('history');
    say.text(`\nEverything above is true, checked after each act; ${((performance.now() - begun) / 1000).toFixed(1)} s.`);
    showWhereToLook(playing, dir, keep);
    return 0;
  } catch (error) {
    const failure = toUpdateError(error);
    keep ||= failure.code !== 'CANCELLED';
    say.text(`\nerror: ${failure.message}`);
    if (keep) say.text(`The folder is kept: '${dir}'`);
    return 1;
  } finally {
    muted = true; // an act that was stopped half-way would still print its claims
    await stage?.close();
    if (!keep) fs.rmSync(dir, { recursive: true, force: true });
  }
}

/** Throws INPUT_REFUSED for a folder with something in it: the demo would have to guess whose it is. */
function makeFolder(dir: string | null): string {
  if (dir === null) return fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'pikit-demo-'));
  fs.mkdirSync(dir, { recursive: true });
  if (fs.readdirSync(dir).length > 0)
    throw new UpdateError('INPUT_REFUSED', `'${dir}' is not empty`, { hint: 'name a folder that is empty or not there' });
  return resolve(dir);
}

function showWhereToLook({ say, device }: Stage, dir: string, kept: boolean): void {
  say.text(
    kept ? `\nWhere to look, below '${dir}':` : '\nWhere to look on a device (here the folder is gone again: `npm run demo -- --keep` leaves it):',
  );
  const places: [path: string, what: string][] = [
    ['/var/www/pikit-web', 'the dashboard that is installed'],
    ['/etc/pikit/version', 'its version'],
    ['/var/lib/pikit-update/state.json', 'what is known: versions, offer, last result, what is held'],
    ['/var/lib/pikit/history.jsonl', 'every receipt'],
    ['/var/lib/pikit/held.json', 'versions that failed here, and why'],
    ['/var/lib/pikit/service-actions.jsonl', 'what systemd would have restarted'],
    [device.files.readState().backup_path ?? '/var/backups/pikit', 'what the last change replaced'],
    ['/etc/pikit/update.toml', 'the configuration'],
  ];
  const rows = places.map(([path, what]) => ({ path: kept ? `device${path}` : path, what }));
  const width = Math.max(...rows.map(({ path }) => path.length));
  for (const { path, what } of rows) say.answer(`${path.padEnd(width)}  ${what}`);
}
