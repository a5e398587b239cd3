import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BedProblem } from './bed-debian.ts';
import { must } from './bed-run.ts';

/** Debian packages that carry the libraries a Node from nodejs.org or NodeSource is linked with. */
const libraryPackages: Readonly<Record<string, string>> = {
  'linux-vdso.so.1': 'libc6',
  'libc.so.6': 'libc6',
  'libdl.so.2': 'libc6',
  'libm.so.6': 'libc6',
  'libpthread.so.0': 'libc6',
  'libstdc++.so.6': 'libstdc++6',
  'libgcc_s.so.1': 'libgcc-s1',
  'libatomic.so.1': 'libatomic1',
};

/**
 * Packs the Node that runs this process as the Debian package nodejs, so that a release with an older one meets our package's dependency for real.
 * Throws a BedProblem when this Node is linked with libraries of this machine's Debian, as Debian's own is.
 */
export async function nodePackage(file: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'pikit-nodejs-'));
  try {
    await mkdir(join(folder, 'DEBIAN'), { recursive: true });
    await mkdir(join(folder, 'usr/bin'), { recursive: true });
    await chmod(folder, 0o755);
    await cp(process.execPath, join(folder, 'usr/bin/node'), { dereference: true });
    const control = [
      'Package: nodejs',
      `Version: ${process.versions.node}-0testbed1`,
      `Architecture: ${(await must('dpkg', ['--print-architecture'])).trim()}`,
      'Maintainer: Pi-Kit test bed <root@localhost>',
      `Depends: ${(await libraries()).join(', ')}`,
      'Description: Node.js as on the machine that runs the tests',
      '',
    ];
    await writeFile(join(folder, 'DEBIAN/control'), control.join('\n'));
    await must('dpkg-deb', ['--root-owner-group', '-Znone', '--build', folder, file]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function libraries(): Promise<string[]> {
  const names = [...(await must('ldd', [process.execPath])).matchAll(/^\s*(\S+\.so\S*)/gm)].map(([, name]) => name ?? '');
  const packages = new Set<string>();
  for (const name of names.filter((each) => !each.startsWith('/'))) {
    const owner = libraryPackages[name];
    if (owner === undefined) {
      throw new BedProblem(`this machine's Node needs '${name}' of its own Debian release; run the tests with Node from nodejs.org`);
    }
    packages.add(owner);
  }
  return [...packages];
}
