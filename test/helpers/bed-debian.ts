import { readFile } from 'node:fs/promises';
import { must, run, succeeds } from './bed-run.ts';

/** The machine lacks something the test bed needs: suites that need it are skipped with this message. */
export class BedProblem extends Error {}

/** What is called on the host, and the Debian package each comes from. */
export type Tools = Readonly<Record<string, string>>;

/** For the devices: the test bed and its tests. */
export const deviceTools: Tools = {
  dockerd: 'docker.io',
  // A package of its own since Debian 13; part of docker.io, and so already there, before.
  docker: 'docker-cli',
  mmdebstrap: 'mmdebstrap',
  'dbus-daemon': 'dbus',
  zstd: 'zstd',
  strace: 'strace',
};

/** For the crash tests: faults, filesystems, a log of what reaches a disk, and clocks that are wrong. */
export const crashTools: Tools = {
  strace: 'strace',
  perl: 'perl-base',
  'mkfs.ext4': 'e2fsprogs',
  'qemu-storage-daemon': 'qemu-system-common',
  faketime: 'faketime',
};

/** For the dashboard: what a browser makes of it, behind the server that the package has a snippet for. */
export const browserTools: Tools = { chromium: 'chromium', nginx: 'nginx-light' };

/** Whether packages can be installed here: as root, on Debian. */
export async function canInstall(): Promise<boolean> {
  return process.getuid?.() === 0 && (await succeeds('apt-get', ['--version'])) && (await osRelease('ID')) === 'debian';
}

/** Installs those of these tools that are missing. Throws a BedProblem naming the packages when that cannot be done here. */
export async function installTools(tools: Tools): Promise<void> {
  // Twice, because docker.io may bring `docker` along or leave it to docker-cli.
  for (const wanted of [(tool: string) => tool !== 'docker', () => true]) {
    const packages = [];
    for (const [tool, name] of Object.entries(tools)) {
      if (wanted(tool) && !(await installed(tool))) {
        packages.push(name);
      }
    }
    await install(packages);
  }
}

/**
 * The host's own Debian archives as apt sources for another release of Debian,
 * so that mirrors, and what the host's apt was told about them, hold for the images too.
 */
export async function aptSourcesFor(codename: string): Promise<string[]> {
  const host = await osRelease('VERSION_CODENAME');
  const targets = await must('apt-get', ['indextargets', '--format', '$(SITE) $(RELEASE) $(COMPONENT)', 'Created-By: Packages']);
  const sources = targets
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([site, release, component]) => {
      const ours = component === 'main' && [host, `${host}-updates`, `${host}-security`].includes(release ?? '');
      return ours && site !== undefined && release !== undefined ? [`deb ${site} ${release.replace(host, codename)} main`] : [];
    });
  if (sources.length === 0) {
    throw new BedProblem(`apt on this machine has no Debian archive of its own release '${host}' to make a ${codename} image from`);
  }
  return [...new Set(sources)];
}

/** The host's settings for fetching packages (proxy, checks of dates, …), as lines of an apt.conf. */
export async function aptOptions(): Promise<string> {
  const dump = await must('apt-config', ['dump', '--no-empty']);
  return dump
    .split('\n')
    .filter((line) => /^Acquire::(?!IndexTargets|Changelogs|CompressionTypes|cdrom)/.test(line))
    .concat('')
    .join('\n');
}

async function install(packages: readonly string[]): Promise<void> {
  if (packages.length === 0) {
    return;
  }
  const names = packages.join(' ');
  if (!(await canInstall())) {
    throw new BedProblem(`${names} missing; install with: apt-get install ${names} (done by itself as root on Debian)`);
  }
  console.log(`test bed: installing ${names}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '--quiet'], { env });
  const wait = ['-o', 'DPkg::Lock::Timeout=300'];
  const { exitCode, stderr } = await run('apt-get', [...wait, 'install', '--yes', '--no-install-recommends', ...packages], { env });
  if (exitCode !== 0) {
    throw new BedProblem(`cannot install ${names}: ${stderr.trim()}`);
  }
}

async function installed(tool: string): Promise<boolean> {
  return await succeeds('sh', ['-c', 'command -v "$1"', 'sh', tool]);
}

async function osRelease(key: string): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return new RegExp(`^${key}="?([^"\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
}
