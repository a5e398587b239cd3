/**
 * Builds the Debian package from dist/ and units/: `node dist/deb.js [--dist DIR] [--out DIR]`, from the project's folder.
 *
 * The same input gives the same bytes: times come from SOURCE_DATE_EPOCH (else from the last commit), modes and owners from
 * the table below and not from the work tree, and dpkg-deb sorts. Everything in units/ must have a place in that table.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import * as z from 'zod';
import { catalogText } from '../lib/core/events.ts';
import { LIBRARIES } from './libraries.ts';
import { sourceEpochSeconds } from './source-time.ts';

const PACKAGE = 'pikit-update';
const CODE = 'usr/lib/pikit-update';
const DOC = `usr/share/doc/${PACKAGE}`;

/** Entries of dist/ for development only. */
const NOT_SHIPPED = new Set(['build.js', 'deb.js', 'demo.js', 'dev.js']);

/** What the HTTP API serves; the rest of dist/web is for development. */
export const WEB_FILES = ['web/pikit-updates.js', 'web/pikit-updates.de.js', 'web/page.html', 'web/page.css'];

/** Where a file of units/ goes, first match; `$1` is what the pattern captured. `DEBIAN/` is the package's control part. */
const PLACES: readonly { readonly pattern: RegExp; readonly to: string; readonly mode: number }[] = [
  { pattern: /^(pikit-update[^/]*\.(?:service|timer|socket))$/, to: 'usr/lib/systemd/system/$1', mode: 0o644 },
  { pattern: /^(pikit-update-\.service\.d\/[^/]+\.conf)$/, to: 'usr/lib/systemd/system/$1', mode: 0o644 },
  { pattern: /^([^/]+)\.sysusers$/, to: 'usr/lib/sysusers.d/$1.conf', mode: 0o644 },
  { pattern: /^([^/]+)\.tmpfiles$/, to: 'usr/lib/tmpfiles.d/$1.conf', mode: 0o644 },
  { pattern: /^update\.toml$/, to: 'etc/pikit/update.toml', mode: 0o644 },
  { pattern: /^(nginx(?:-api)?\.conf)$/, to: `usr/share/${PACKAGE}/$1`, mode: 0o644 },
  { pattern: /^notify-exec\.pl$/, to: `${CODE}/notify-exec`, mode: 0o755 },
  { pattern: /^bin\/([^/]+)$/, to: 'usr/bin/$1', mode: 0o755 },
  { pattern: /^deb\/copyright$/, to: `${DOC}/copyright`, mode: 0o644 },
  { pattern: /^deb\/(control|conffiles)$/, to: 'DEBIAN/$1', mode: 0o644 },
  { pattern: /^deb\/(postinst|prerm|postrm)$/, to: 'DEBIAN/$1', mode: 0o755 },
];

const ProjectFile = z.object({ version: z.string().regex(/^\d/), type: z.enum(['module', 'commonjs']).default('commonjs') });

/** One file of the package: its path there and its content. */
export interface PackageFile {
  readonly path: string;
  readonly mode: number;
  readonly content: Buffer;
}

export interface DebOptions {
  /** The project's folder: package.json, units/, README.md, CHANGES.md and docs/ if there. */
  readonly project: string;
  readonly dist: string;
  readonly out: string;
  readonly epochSeconds: number;
}

/** Where a file of units/ is installed, without the leading slash. Throws for one that has no place. */
export function placeOf(file: string): { path: string; mode: number } {
  for (const { pattern, to, mode } of PLACES) {
    if (pattern.test(file)) return { path: file.replace(pattern, to), mode };
  }
  throw new Error(`'units/${file}' has no place in the package: add it to PLACES in scripts/deb.ts`);
}

/** Files below a folder, relative to it and sorted by bytes, so that the locale does not matter. */
function filesBelow(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort((a, b) => (a < b ? -1 : 1));
}

/** The programs to ship. Throws, naming them, if one is missing that a unit or a command runs, a program loads, or the API serves. */
function bundles(dist: string, units: readonly PackageFile[]): PackageFile[] {
  const found = fs.existsSync(dist)
    ? filesBelow(dist).filter((file) =>
        file.startsWith('web/') ? WEB_FILES.includes(file) : (/\.c?js$/.test(file) || file === 'openapi.json') && !NOT_SHIPPED.has(file),
      )
    : [];
  const run = units.flatMap(({ content }) =>
    [...content.toString().matchAll(/\/usr\/lib\/pikit-update\/([\w-]+\.js)/g)].map((match) => match[1] ?? ''),
  );
  const libraries = Object.values(LIBRARIES);
  const missing = [...new Set([...run, ...libraries, ...WEB_FILES])].filter((file) => !found.includes(file)).sort();
  if (missing.length > 0) throw new Error(`not found in '${dist}': ${missing.join(', ')}; run 'npm run build' first`);
  return found.map((file) => ({ path: `${CODE}/${file}`, mode: 0o644, content: fs.readFileSync(path.join(dist, file)) }));
}

/** The pages of docs/, and the example that one of them shows. */
function pagesIn(project: string): string[] {
  const dir = path.join(project, 'docs');
  const pages = fs.existsSync(dir) ? fs.readdirSync(dir).filter((name) => name.endsWith('.md')) : [];
  return [...pages.sort().map((name) => `docs/${name}`), 'docs/examples/pikit_api_update.py'];
}

/** In the package all pages are in one folder, without the pictures and what is for development. */
function linksInPackage(text: string): string {
  return text
    .replaceAll(/!?\[([^\]]*)\]\((?:docs\/)?(?:screenshots|\.\.\/test\/|HACKING\.md)[^)]*\)/g, '$1')
    .replaceAll(/\]\((?:\.\.\/|docs\/)/g, '](');
}

function documentation(options: DebOptions, version: string, maintainer: string): PackageFile[] {
  const date = new Date(options.epochSeconds * 1000).toUTCString().replace('GMT', '+0000');
  const changelog = `${PACKAGE} (${version}) unstable; urgency=medium\n\n  * Version ${version}: see CHANGES.md.gz.\n\n -- ${maintainer}  ${date}\n`;
  const files = [{ path: `${DOC}/changelog.gz`, mode: 0o644, content: gzipSync(changelog, { level: 9 }) }];
  for (const doc of ['README.md', 'SECURITY.md', ...pagesIn(options.project)]) {
    const file = path.join(options.project, doc);
    if (!fs.existsSync(file)) continue;
    const content = doc.endsWith('.md') ? Buffer.from(linksInPackage(fs.readFileSync(file, 'utf8'))) : fs.readFileSync(file);
    files.push({ path: `${DOC}/${doc.replace(/^docs\//, '')}`, mode: 0o644, content });
  }
  const changes = path.join(options.project, 'CHANGES.md');
  if (fs.existsSync(changes)) files.push({ path: `${DOC}/CHANGES.md.gz`, mode: 0o644, content: gzipSync(fs.readFileSync(changes), { level: 9 }) });
  return files;
}

/** 1.2.0-beta.1 is older than 1.2.0; for Debian's comparison that takes a tilde. */
export function debianVersion(version: string): string {
  return version.replace('-', '~');
}

function readProject(folder: string): z.infer<typeof ProjectFile> {
  return ProjectFile.parse(JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')));
}

/** All files of the package, control part included. Throws if dist/ is not complete. */
export function packageFiles(options: DebOptions): PackageFile[] {
  const project = readProject(options.project);
  const version = debianVersion(project.version);
  const unitsDir = path.join(options.project, 'units');
  const units = filesBelow(unitsDir).map((file) => ({ ...placeOf(file), content: fs.readFileSync(path.join(unitsDir, file)) }));

  const control = units.find((file) => file.path === 'DEBIAN/control')?.content.toString() ?? '';
  const maintainer = /^Maintainer: (.*)$/m.exec(control)?.[1] ?? '';
  const installed = [
    ...units.filter((file) => !file.path.startsWith('DEBIAN/')),
    ...bundles(options.dist, units),
    // Tells Node how to read the bundles, as the project's own package.json does in dist/.
    { path: `${CODE}/package.json`, mode: 0o644, content: Buffer.from(`${JSON.stringify({ version: project.version, type: project.type })}\n`) },
    // A trigger of the package systemd takes it into the catalog, and out of it again.
    { path: 'usr/lib/systemd/catalog/pikit-update.catalog', mode: 0o644, content: Buffer.from(catalogText()) },
    ...documentation(options, version, maintainer),
  ];
  const sizeKib = installed.reduce((sum, file) => sum + Math.ceil(file.content.length / 1024), 0);
  const sums = installed
    .filter((file) => !file.path.startsWith('etc/'))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map((file) => `${createHash('md5').update(file.content).digest('hex')}  ${file.path}\n`);
  const controlPart = units
    .filter((file) => file.path.startsWith('DEBIAN/'))
    .map((file) => ({
      ...file,
      content:
        file.path === 'DEBIAN/control'
          ? Buffer.from(control.replace('@VERSION@', version).replace('@INSTALLED_SIZE@', String(sizeKib)))
          : file.content,
    }));
  return [...installed, ...controlPart, { path: 'DEBIAN/md5sums', mode: 0o644, content: Buffer.from(sums.join('')) }];
}

/** Builds the package and returns its path. Leaves nothing behind but the package, which appears complete or not at all. */
export function buildDeb(options: DebOptions): string {
  const files = packageFiles(options);
  const result = path.join(options.out, `${PACKAGE}_${debianVersion(readProject(options.project).version)}_all.deb`);
  const work = fs.mkdtempSync(path.join(tmpdir(), 'pikit-deb-'));
  try {
    const tree = path.join(work, 'tree');
    const folders = new Set<string>([tree]);
    for (const file of files) {
      const target = path.join(tree, file.path);
      for (let folder = path.dirname(target); folder !== tree; folder = path.dirname(folder)) folders.add(folder);
      fs.mkdirSync(path.dirname(target), { recursive: true });
      fs.writeFileSync(target, file.content);
      fs.chmodSync(target, file.mode);
      fs.utimesSync(target, options.epochSeconds, options.epochSeconds);
    }
    for (const folder of folders) {
      fs.chmodSync(folder, 0o755);
      fs.utimesSync(folder, options.epochSeconds, options.epochSeconds);
    }
    fs.mkdirSync(options.out, { recursive: true });
    execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '--build', tree, `${result}.partial`], {
      env: { ...process.env, SOURCE_DATE_EPOCH: String(options.epochSeconds), LC_ALL: 'C.UTF-8' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    fs.renameSync(`${result}.partial`, result);
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
    fs.rmSync(`${result}.partial`, { force: true });
  }
  return result;
}

function main(): void {
  const project = process.cwd();
  const { values } = parseArgs({ options: { dist: { type: 'string', default: 'dist' }, out: { type: 'string', default: 'build' } } });
  console.log(buildDeb({ project, dist: path.resolve(values.dist), out: path.resolve(values.out), epochSeconds: sourceEpochSeconds(project) }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    main();
  } catch (error) {
    console.error(`deb: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
