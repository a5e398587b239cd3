/** The acts of the demo. Each plays one thing that happens to a device, and then looks whether what it says is true. */
import { RELEASES } from './releases.ts';
import type { DemoRelease } from './releases.ts';
import type { Stage } from './stage.ts';
import { leftovers } from './stage.ts';

const APPLY = 'pikit-update-apply.service';
const TIMER = 'pikit-update.timer';
const { first, second, broken } = RELEASES;

export async function installFirst(stage: Stage): Promise<void> {
  stage.say.act(`A new device trusts the keys of its releases, and gets ${first.version}`);
  await stage.pikitRelease('init', '--site', 'site');
  await stage.publish(first);
  stage.say.moment('the fingerprint of the root comes from the maker of the releases, and not over the same network');
  await stage.pikitUpdate('trust', '--from-source', '--fingerprint', stage.fingerprint());
  stage.say.command('systemctl start pikit-update-apply', 'blocks until the release is installed and healthy');
  const result = await play(stage, () => stage.units.start(APPLY));
  stage.claim(
    'the start succeeded, and pulled in the download',
    expected({ result, ran: stage.ran() }, { result: 'done', ran: ['begin', 'fetch', 'apply'] }),
  );
  claimExactly(stage, first);
  const { signed } = stage.device.files.readHistory().at(-1) ?? {};
  stage.claim('the receipt says whose key signed it', expected({ by: signed?.keys.map(({ name }) => name) }, { by: ['targets'] }));
}

export async function updateByHand(stage: Stage): Promise<void> {
  stage.say.act(`The timer finds ${second.version}, the owner installs it`);
  await stage.publish(second);
  await stage.pikitUpdate('auto', 'check');
  await timer(stage);
  const { available } = stage.device.files.readState();
  stage.claim(
    `the chain ended after check, and ${second.version} is available`,
    expected({ ran: stage.ran(), found: available?.version }, { ran: ['check'], found: second.version }),
  );
  claimExactly(stage, first);
  stage.say.command('systemctl start pikit-update-apply');
  const result = await play(stage, () => stage.units.start(APPLY));
  stage.claim('the start succeeded', expected({ result, ran: stage.ran() }, { result: 'done', ran: ['begin', 'fetch', 'apply'] }));
  claimExactly(stage, second);
}

export async function failAndGoBack(stage: Stage): Promise<void> {
  stage.say.act(`${broken.version} fails its health check: the nightly update rolls back`);
  await stage.publish(broken);
  await stage.pikitUpdate('auto', 'install');
  await timer(stage);
  const chain = ['check', 'gate@fetch', 'fetch', 'gate@apply', 'apply!'];
  stage.claim('the timer alone started the whole chain, and apply failed', expected({ ran: stage.ran() }, { ran: chain }));
  await stage.pikitUpdate('status');
  const { last_result: receipt } = stage.device.files.readState();
  stage.claim(
    'the receipt names the health check',
    expected({ outcome: receipt?.outcome, code: receipt?.code }, { outcome: 'rolled-back', code: 'PROBE_FAILED' }),
  );
  claimExactly(stage, second);
  await timer(stage, 'the next night');
  stage.claim(
    `${broken.version} is held: it is not installed again automatically`,
    expected({ ran: stage.ran(), held: heldVersions(stage) }, { ran: ['check'], held: [broken.version] }),
  );
}

export async function killApply(stage: Stage): Promise<void> {
  stage.say.act(`The owner tries ${broken.version} once more, and apply is killed half-way`);
  stage.say.command(`pikit-update apply --version ${broken.version}`, 'held, so it has to be named');
  const at = new Date().toISOString();
  stage.device.files.writeWanted({ version: broken.version, manifest_sha256: null, retry: true, replace: [], at });
  const probed = stage.dashboard.hang();
  await play(stage, async () => {
    const started = stage.units.start(APPLY);
    await Promise.race([probed, started]);
    stage.say.moment('the dashboard does not answer, and apply waits for it');
    stage.claim('the new version is in place at this moment', expected({ version: stage.device.files.readVersion() }, { version: broken.version }));
    stage.say.command('systemctl kill --signal=KILL pikit-update-apply', 'as the kernel does when memory runs out');
    stage.dashboard.resume();
    stage.units.kill(APPLY, 'SIGKILL');
    return await started;
  });
  stage.claim(
    'OnFailure= found the token of apply, and started rollback',
    expected({ ran: stage.ran() }, { ran: ['begin', 'fetch', 'apply!', 'gate@rollback', 'rollback'] }),
  );
  claimExactly(stage, second);
  stage.claim(`${broken.version} is still held`, expected({ held: heldVersions(stage) }, { held: [broken.version] }));
}

export async function goBackByHand(stage: Stage): Promise<void> {
  stage.say.act(`The owner prefers ${first.version} and rolls back`);
  stage.say.command('systemctl start pikit-update-rollback');
  const result = await play(stage, () => stage.units.start('pikit-update-rollback.service'));
  stage.claim('the start succeeded', expected({ result, ran: stage.ran() }, { result: 'done', ran: ['rollback'] }));
  claimExactly(stage, first);
}

/** Starts something, and waits until all that it started in turn is over. */
async function play<T>(stage: Stage, start: () => Promise<T>): Promise<T> {
  const result = await start();
  await stage.units.settled();
  return result;
}

async function timer(stage: Stage, when = 'at night'): Promise<void> {
  stage.say.moment(`${when}, 04:20: ${TIMER} elapses`);
  await play(stage, () => stage.units.startFromTimer(TIMER));
}

/** The whole of it: every path, type, mode and byte, the version, no leftovers. */
function claimExactly(stage: Stage, release: DemoRelease): void {
  const tree = stage.treeOf(release);
  const problems = [...stage.device.differencesTo(tree, release.version), ...leftovers(stage.device).map((path) => `'${path}' was left behind`)];
  stage.claim(
    `the device is exactly on ${release.version}: ${String(stage.device.countOf(tree))} files by path, mode and sha256; the owner's own script is untouched`,
    problems,
  );
}

function heldVersions(stage: Stage): string[] {
  const { available, held } = stage.device.files.readState();
  return held.filter((entry) => entry.reason === 'failed' && available?.outcome === 'held').map((entry) => entry.version);
}

/** One line for each key whose value is another. */
function expected(actual: Readonly<Record<string, unknown>>, wanted: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(wanted).flatMap(([key, value]) => {
    const [found, should] = [JSON.stringify(actual[key]), JSON.stringify(value)];
    return found === should ? [] : [`${key} is ${found}, not ${should}`];
  });
}
