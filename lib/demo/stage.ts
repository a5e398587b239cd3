/** What an act plays with: the device, its units, the dashboard, the release site, and how its claims are checked. */
import fs from 'node:fs';
import { join } from 'node:path';
import { UpdateError, errnoOf } from '../core/errors.ts';
import { startProgram } from '../io/folder-units/local-unit-process.ts';
import type { LocalUnits } from '../io/folder-units/local-units.ts';
import { localUnitRunner } from '../io/folder-units/local-units.ts';
import { readPublicKey } from '../release/keys/key-folder.ts';
import type { Dashboard } from './dashboard.ts';
import { startDashboard } from './dashboard.ts';
import type { Device } from './device.ts';
import { makeDevice } from './device.ts';
import { listen, demoFiles } from './http-server.ts';
import type { DemoRelease } from './releases.ts';
import { RELEASES, writeRelease } from './releases.ts';
import type { Transcript } from './transcript.ts';
import { shortName } from './transcript.ts';

export interface Stage {
  say: Transcript;
  device: Device;
  units: LocalUnits;
  dashboard: Dashboard;
  /** The folder of a release's tree. */
  treeOf: (release: DemoRelease) => string;
  /** Run our command lines as their users would, in the demo's folder. */
  pikitRelease: (...args: string[]) => Promise<void>;
  pikitUpdate: (...args: string[]) => Promise<void>;
  publish: (release: DemoRelease) => Promise<void>;
  /** Of the key of the site's root, as its maker tells it. */
  fingerprint: () => string;
  /** Prints a claim, and throws DemoFailed when `problems` says that it is not true. */
  claim: (text: string, problems: readonly string[]) => void;
  /** The units that ran since this was asked last, by their short names; a failed one with a `!`. */
  ran: () => string[];
  close: () => Promise<void>;
}

/** The updater did not do what the demo says that it does. */
class DemoFailed extends UpdateError {
  constructor(claim: string, problems: readonly string[]) {
    super('INTERNAL', `not true: ${claim}: ${problems.join('; ')}`);
  }
}

export interface Build {
  unitsDir: string;
  distDir: string;
}

/** Sets the stage in the empty folder `dir`: releases, site, device, both servers. */
export async function setStage(dir: string, build: Build, say: Transcript): Promise<Stage> {
  const at = (path: string): string => join(dir, path);
  for (const release of Object.values(RELEASES)) writeRelease(at('releases'), release);
  fs.mkdirSync(at('site'));
  const site = await listen(demoFiles(at('site')));
  const dashboard = await startDashboard(at('device/var/www/pikit-web'));
  const device = makeDevice(at('device'), site.origin, `${dashboard.origin}/health`);
  const ran: string[] = [];
  const units = localUnitRunner({
    ...build,
    root: at('device'),
    onLine: say.journal,
    onEvent: (event) => {
      say.event(event);
      if (event.is === 'ended') ran.push(`${shortName(event.unit)}${event.run.result === 'success' ? '' : '!'}`);
    },
  });
  const commandLine =
    (name: string, more: Readonly<Record<string, string>> = {}) =>
    async (...args: string[]): Promise<void> => {
      say.command([name, ...args].join(' '));
      const env = { ...handedOn(), PIKIT_ROOT: at('device'), ...more };
      const program = await startProgram([process.execPath, join(build.distDir, `${name}.js`), ...args], { env, cwd: dir, onLine: say.answer });
      const { code, signal } = await program.exited;
      if (code !== 0) throw new DemoFailed(`${name} works`, [`it ended with ${String(code ?? signal)}`]);
    };
  const pikitRelease = commandLine('pikit-release', { PIKIT_KEY_PASSPHRASE: 'a demo keeps no secrets' });
  return {
    say,
    device,
    units,
    dashboard,
    treeOf: (release) => at(`releases/${release.version}`),
    pikitRelease,
    pikitUpdate: commandLine('pikit-update'),
    publish: async ({ version }) => {
      const notes = ['--notes-file', `releases/${version}.txt`];
      await pikitRelease(
        'build',
        '--site',
        'site',
        '--from',
        `releases/${version}`,
        '--version',
        version,
        ...notes,
        '--restart',
        'pikit-api.service',
      );
    },
    fingerprint: () => readPublicKey(at('site-keys/root.pub.pem'), 'root').fingerprint,
    claim: (text, problems) => {
      say.finding(text, problems);
      if (problems.length > 0) throw new DemoFailed(text, problems);
    },
    ran: () => ran.splice(0),
    close: async () => {
      await units.abandon();
      units.close();
      await Promise.all([site.close(), dashboard.close()]);
    },
  };
}

/** Whether nothing is left of a transaction: no journal, no temp file beside a target, no lock that outlives its step. */
export function leftovers(device: Device): string[] {
  const found = ['/var/www/pikit-web', '/usr/local/bin', '/etc/pikit'].flatMap((dir) => namesBelow(join(device.paths.root, dir)));
  const temps = found.filter((name) => name.includes('.pikit-') || name.endsWith('.tmp'));
  return fs.existsSync(device.paths.journal) ? [...temps, device.paths.journal] : temps;
}

function namesBelow(dir: string): string[] {
  try {
    return fs.readdirSync(dir, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Nothing that could change what is shown: where programs are, and the clock that faketime(1) has given us. */
function handedOn(): Record<string, string> {
  const names = /^(PATH|LD_PRELOAD|NO_FAKE_STAT|FAKETIME.*)$/;
  return Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (value !== undefined && names.test(name) ? [[name, value]] : [])));
}
