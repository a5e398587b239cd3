import { statSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aptOptions, aptSourcesFor, BedProblem, canInstall } from './bed-debian.ts';
import { nodePackage } from './bed-node.ts';
import { must, run, succeeds } from './bed-run.ts';

/** The Debian releases a device is tested on: 13 with its own Node, and 12 with the Node that runs these tests. */
export type DeviceImage = 'trixie' | 'bookworm';

const root = fileURLToPath(new URL('../../', import.meta.url));
const nodeLabel = 'pikit.test.node';
const pullTimeoutMs = 120_000;

/** Builds `pikit-test:<image>` from Dockerfile.test and the package; quick when nothing changed. Throws a BedProblem when this machine cannot get the base image. */
export async function buildDeviceImage(image: DeviceImage, packageFile: string): Promise<void> {
  const debian = await ensureDebian(image);
  const base = image === 'trixie' ? debian : await addNode(image, debian);
  await inFolder(async (context) => {
    await cp(join(root, 'Dockerfile.test'), join(context, 'Dockerfile'));
    await cp(join(root, 'test/system/fixtures/device'), join(context, 'test/system/fixtures/device'), { recursive: true });
    await mkdir(join(context, 'build'));
    await cp(packageFile, join(context, 'build', basename(packageFile)));
    await build(context, `pikit-test:${image}`, ['--build-arg', `BASE=${base}`]);
  });
}

/** Our Debian package: the one PIKIT_TEST_DEB names, or else the newest that `npm run deb` has built. */
export async function devicePackage(): Promise<string> {
  const given = process.env.PIKIT_TEST_DEB;
  if (given !== undefined && given !== '') {
    return given;
  }
  const built = await readdir(join(root, 'build')).catch(() => []);
  const names = built.filter((name) => /^pikit-update_.*\.deb$/.test(name));
  const files = names.map((name) => join(root, 'build', name));
  const [newest] = files.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  if (newest === undefined) {
    throw new BedProblem("there is no 'build/pikit-update_*.deb': run `npm run deb` first");
  }
  return newest;
}

/** `debian:<codename>-slim`: the one that is here, the registry's, or one made from Debian's packages. */
async function ensureDebian(codename: DeviceImage): Promise<string> {
  const name = `debian:${codename}-slim`;
  if (await succeeds('docker', ['image', 'inspect', name])) {
    return name;
  }
  if (await succeeds('docker', ['pull', '--quiet', name], { timeoutMs: pullTimeoutMs })) {
    return name;
  }
  if (!(await canInstall())) {
    throw new BedProblem(`image '${name}' is not here and cannot be pulled; pull it, or run as root on Debian to have it made`);
  }
  console.log(`test bed: making ${name} from Debian packages`);
  await inFolder(async (folder) => {
    const archive = join(folder, 'debian.tar');
    const options = join(folder, 'apt.conf');
    await writeFile(options, await aptOptions());
    const made = await run('mmdebstrap', [
      ...['--quiet', '--variant=minbase', '--include=ca-certificates', `--aptopt=${options}`],
      ...[codename, archive, ...(await aptSourcesFor(codename))],
    ]);
    if (made.exitCode !== 0) {
      throw new BedProblem(`cannot make image '${name}' from Debian's packages: ${made.stderr.trim()}`);
    }
    await must('docker', ['import', archive, name]);
  });
  return name;
}

/** The Debian image with this machine's Node as its package nodejs, for a release whose own is too old. */
async function addNode(image: DeviceImage, debian: string): Promise<string> {
  const name = `pikit-node:${image}`;
  const debianId = await must('docker', ['image', 'inspect', debian, '--format', '{{.Id}}']);
  const wanted = `${process.version} on ${debianId.trim()}`;
  const present = await run('docker', ['image', 'inspect', name, '--format', `{{index .Config.Labels "${nodeLabel}"}}`]);
  if (present.stdout.trim() === wanted) {
    return name;
  }
  await inFolder(async (context) => {
    await nodePackage(join(context, 'nodejs.deb'));
    const install = 'apt-get update && apt-get install --yes --no-install-recommends /tmp/nodejs.deb && rm /tmp/nodejs.deb && node --version';
    await writeFile(join(context, 'Dockerfile'), [`FROM ${debian}`, 'COPY nodejs.deb /tmp/', `RUN ${install}`, ''].join('\n'));
    await build(context, name, ['--label', `${nodeLabel}=${wanted}`]);
  });
  return name;
}

async function build(context: string, tag: string, options: readonly string[]): Promise<void> {
  console.log(`test bed: building ${tag}`);
  // The classic builder takes base images that exist only here; the newer one asks a registry about them first.
  const env = { DOCKER_BUILDKIT: '0' };
  await must('docker', ['build', '--quiet', '--network', 'host', '--tag', tag, ...options, context], { env });
}

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'pikit-bed-'));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
