/** Bundles every entry point with esbuild into dist/. No node_modules is needed on a device. */
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { BuildOptions, Plugin } from 'esbuild';
import { build } from 'esbuild';
import { minify } from 'terser';
import * as z from 'zod';
import { openApiDocument } from '../lib/core/http-api/openapi.ts';
import { LIBRARIES } from './libraries.ts';
import { sourceEpochSeconds } from './source-time.ts';
import { webTemplates } from './web-templates.ts';

const { version } = z.object({ version: z.string() }).parse(JSON.parse(readFileSync('package.json', 'utf8')));

const common: BuildOptions = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  outdir: 'dist',
  // A stack trace in a bug report names our functions.
  minifySyntax: true,
  minifyWhitespace: true,
  minifyIdentifiers: true,
  keepNames: true,
  legalComments: 'none',
  sourcemap: false,
  define: { PIKIT_UPDATER_VERSION: JSON.stringify(version), PIKIT_BUILT_AT: String(sourceEpochSeconds(process.cwd())) },
  // Optional in dbus-next: native, and only for abstract sockets and X11.
  external: ['usocket', 'x11'],
  // dbus-next is CommonJS and calls require().
  banner: { js: "import{createRequire as pikitRequire}from'node:module';const require=pikitRequire(import.meta.url);" },
  logLevel: 'warning',
};

const entry = (name: string): string => `scripts/${name}.ts`;

/** `require` and not `import`: an import of a file that stays outside is hoisted to the beginning of the program. */
const librariesBeside: Plugin = {
  name: 'libraries-beside',
  setup(bundler) {
    const beside = new Map(Object.entries(LIBRARIES));
    bundler.onResolve({ filter: /^(undici|dbus-next|zx\/core)$/ }, ({ path }) => ({ path, namespace: 'beside' }));
    bundler.onLoad({ filter: /./, namespace: 'beside' }, ({ path }) => ({ contents: `module.exports=require('./${beside.get(path) ?? ''}')` }));
  },
};

rmSync('dist', { recursive: true, force: true });
// What brings a device back, and what anybody may start at any moment by connecting, must not depend on files that an upgrade
// may be replacing: one file each.
await build({ ...common, entryPoints: ['recover', 'rollback', 'api', 'order'].map(entry) });
await build({
  ...common,
  format: 'cjs',
  banner: {},
  outExtension: { '.js': '.cjs' },
  entryPoints: Object.entries(LIBRARIES).map(([name, file]) => ({ in: name, out: file.replace('.cjs', '') })),
});
// One file each as well, which Node finds, reads and compiles in half the time that a dozen shared ones take.
await build({
  ...common,
  plugins: [librariesBeside],
  external: [...(common.external ?? []), ...Object.values(LIBRARIES).map((file) => `./${file}`)],
  entryPoints: ['check', 'fetch', 'apply', 'auto', 'ask-root', 'publish', 'pikit-update', 'pikit-release', 'deb', 'demo'].map(entry),
});
// Not shipped, and neither is what only it needs.
await build({ ...common, entryPoints: ['dev'].map(entry) });

// The client of signed metadata, as the public TUF conformance suite starts it (test/conformance/client).
await build({ ...common, outdir: 'build', entryNames: 'conformance-[name]', entryPoints: ['test/conformance/client.ts'] });

// The widget, for browsers: one file with all that it needs, and one for each further language, which it loads from beside itself.
// The page of all states is for `npm run dev`.
await build({
  bundle: true,
  splitting: true,
  platform: 'browser',
  format: 'esm',
  target: 'es2022',
  outdir: 'dist/web',
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
  charset: 'utf8',
  // Names of the widget's own, which no page, browser, or answer of the API knows.
  mangleProps: /^(strings|unfolded|actions|showLogs|problemOf|sendOnce|isBusy|turnTo|question|nowMs|automatic|failure|granted)$/,
  plugins: [webTemplates],
  entryPoints: [
    { in: 'web/pikit-updates.ts', out: 'pikit-updates' },
    { in: 'web/strings/de.ts', out: 'pikit-updates.de' },
    { in: 'web/page/states.ts', out: 'states' },
  ],
});
// Once more, by a minifier that inlines and shortens across what were many modules: two in a hundred less to load.
for (const file of ['dist/web/pikit-updates.js', 'dist/web/pikit-updates.de.js']) {
  const { code } = await minify(readFileSync(file, 'utf8'), { module: true, ecma: 2020, compress: { passes: 4 } });
  if (code === undefined) throw new Error(`'${file}' came out empty`);
  writeFileSync(file, code);
}
for (const name of ['page.html', 'page.css', 'states.html', 'states.css']) copyFileSync(`web/page/${name}`, `dist/web/${name}`);

// What the HTTP API takes and answers, from the schemas that it goes by.
writeFileSync('dist/openapi.json', `${JSON.stringify(openApiDocument(version))}\n`);
