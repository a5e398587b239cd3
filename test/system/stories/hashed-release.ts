/** Releases as a bundler makes them: every asset has the hash of its content in its name, so that no two releases share a changed one. */
import { createHash } from 'node:crypto';
import type { Ingredients } from '../../helpers/release-builder.ts';

/** Kind of asset to its size in bytes. */
const CHANGING = { 'app.js': 60_000, 'vendor.js': 200_000, 'chunk.js': 9_000, 'style.css': 12_000, 'icons.woff2': 30_000, 'photo.png': 80_000 };
export const PAGES = ['/', '/about.html', '/settings/'];

/** The name that an asset has for its content, below the web root. */
export function hashedName(name: string, content: string): string {
  return `assets/${name.replace(/\.\w+$/, `-${createHash('sha256').update(content).digest('hex').slice(0, 16)}$&`)}`;
}

/** What an asset holds in a release. */
export function contentOf(version: string, name: string, bytes: number): string {
  return `/* ${name} of ${version} */\n`.repeat(Math.ceil(bytes / 24)).slice(0, bytes);
}

/** Three pages, each of which names six assets of its own release, and one that never changes. */
export function hashedRelease(version: string, extra: Ingredients['extra'] = {}): Ingredients {
  const assets = Object.entries(CHANGING).map(([name, bytes]) => [
    hashedName(name, contentOf(version, name, bytes)),
    contentOf(version, name, bytes),
  ]);
  const logo = contentOf('all', 'logo.svg', 2_000);
  const files = new Map([...assets, [hashedName('logo.svg', logo), logo]].map(([name = '', content = '']) => [name, content]));
  const links = [...files.keys()].map((name) => (name.endsWith('.js') ? `<script src="/${name}"></script>` : `<link href="/${name}">`));
  const page = `<!doctype html><html data-release="${version}">${links.join('\n')}</html>\n`;
  const pages = PAGES.map((path) => [path.endsWith('/') ? `${path}index.html` : path, page] as const);
  return {
    version,
    extra: {
      ...Object.fromEntries([...files].map(([name, content]) => [`pikit-web/${name}`, content])),
      ...Object.fromEntries(pages.map(([path, text]) => [`pikit-web${path}`, text])),
      ...extra,
    },
  };
}
