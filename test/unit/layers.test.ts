/** The rules for how the sources are put together (docs/architecture.md, "Layers"); each says what it is for when it is broken. */
import fs from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Import, Source } from '../helpers/source-tree.ts';
import {
  exportedNames,
  hasDefaultExport,
  hasReexport,
  identifiersOf,
  isAsynchronous,
  isTypesOnly,
  readSources,
  usesOf,
} from '../helpers/source-tree.ts';

const SOURCES = readSources('lib', 'scripts', 'web');
const LIB = SOURCES.filter(({ path }) => path.startsWith('lib/'));
const WEB = SOURCES.filter(({ layer }) => layer === 'web');

/** What a layer may import: `io` the layer, `io/x` one folder or one module of it, `type io` its types only. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: ['core'],
  transaction: ['core', 'transaction'],
  io: ['core', 'io', 'transaction/files', 'type transaction/transaction-paths', 'type transaction/types'],
  steps: ['core', 'transaction', 'steps', 'type io'],
  release: ['core', 'io', 'release', 'transaction/files/directories', 'transaction/files/durable'],
  device: ['core', 'io', 'transaction', 'device'],
  mock: ['core', 'api', 'mock'],
  api: ['core', 'device', 'type io', 'type transaction', 'io/api/watch-dirs', 'api'],
  cli: ['core', 'device', 'type io', 'type transaction', 'cli'],
  demo: ['core', 'io', 'release', 'demo'],
};

/** Packages with one place each: a technology has one folder or file, and can be replaced there. */
const PLACE_OF: Readonly<Record<string, RegExp>> = {
  'dbus-next': /^lib\/io\/bus\/bus\.ts$/,
  undici: /^lib\/io\/http\//,
  tar: /^lib\/io\/bundle\//,
  zx: /^lib\/io\/process\/exec\.ts$/,
  'smol-toml': /^lib\/io\/state\/config-file\.ts$/,
  semver: /^lib\/core\/release\/version\.ts$/,
  'tuf-js': /^lib\/io\/trust\//,
  '@tufjs/models': /^lib\/(io|release)\/trust\//,
  zod: /^(lib\/(api|core|io|mock|steps|cli)|scripts)\//,
  hono: /^lib\/api\/app\.ts$/,
  '@hono/node-server': /^lib\/api\/(app|server)\.ts$/,
  esbuild: /^scripts\//,
  terser: /^scripts\/build\.ts$/,
  typescript: /^scripts\/web-templates\.ts$/,
  lit: /^web\/(pikit-updates|(parts|styles|page)\/[^/]+)\.ts$/,
};

/** Modules that are tested elsewhere, and where. Keep it short. */
const TESTED_ELSEWHERE: Readonly<Record<string, string>> = {
  // The acts of one play: they run one after the other, or not at all.
  'lib/demo/acts.ts': 'test/unit/demo/demo.test.ts',
  'lib/demo/device.ts': 'test/unit/demo/demo.test.ts',
  'lib/demo/releases.ts': 'test/unit/demo/demo.test.ts',
  'lib/demo/run.ts': 'test/unit/demo/demo.test.ts',
  'lib/demo/stage.ts': 'test/unit/demo/demo.test.ts',
  // A table, compared with the documents that have it.
  'lib/core/error-codes.ts': 'test/unit/docs/journal.test.ts',
  // Parts of one command each, tried through it.
  'lib/device/trust-file.ts': 'test/unit/cli/trust-set.test.ts',
  'lib/device/trust-fingerprints.ts': 'test/unit/cli/trust-set.test.ts',
  'lib/device/trust-set.ts': 'test/unit/cli/trust-set.test.ts',
  'lib/device/trust-show.ts': 'test/unit/cli/trust-show.test.ts',
  // Schemas of the file of states, tried with it.
  'lib/mock/types.ts': 'test/unit/mock/states.test.ts',
  // Parts of the state files, tried through them.
  'lib/io/state/history-file.ts': 'test/unit/io/state/state-files-lines.test.ts',
  'lib/io/state/take-over-layout.ts': 'test/unit/io/shared-folders.test.ts',
  // Parts of signing, tried by the commands that sign.
  'lib/release/cli/common-options.ts': 'test/unit/release/cli/commands.test.ts',
  'lib/release/cli/run-branch.ts': 'test/unit/release/trust/branch-keys.test.ts',
  'lib/release/cli/run-init.ts': 'test/unit/release/trust/refresh.test.ts',
  'lib/release/key-cli/key-arguments.ts': 'test/unit/release/cli/arguments.test.ts',
  'lib/release/key-cli/key-surroundings.ts': 'test/unit/release/trust/refresh.test.ts',
  'lib/release/key-cli/run-trust.ts': 'test/unit/release/trust/refresh.test.ts',
  'lib/release/key-cli/trust-arguments.ts': 'test/unit/release/trust/change-keys.test.ts',
  'lib/release/key-cli/trust-commands.ts': 'test/unit/release/cli/commands.test.ts',
  'lib/release/key-cli/trust-text.ts': 'test/unit/release/trust/refresh.test.ts',
  'lib/release/keys/key-ring.ts': 'test/unit/release/keys/sign-with.test.ts',
  'lib/release/keys/open-signing.ts': 'test/unit/release/keys/sign-with.test.ts',
  'lib/release/keys/own-root.ts': 'test/unit/release/trust/refresh.test.ts',
  'lib/release/publish/metadata-order.ts': 'test/unit/release/publish/publish-signed.test.ts',
  'lib/release/trust/list-keys.ts': 'test/unit/release/trust/refresh.test.ts',
  'lib/release/trust/metadata-parts.ts': 'test/unit/release/trust/signing.test.ts',
  'lib/release/trust/metadata-text.ts': 'test/unit/release/trust/branch-keys.test.ts',
  'lib/release/trust/new-trust.ts': 'test/unit/release/trust/refresh.test.ts',
  'lib/release/trust/plan-metadata.ts': 'test/unit/release/trust/signing.test.ts',
  'lib/release/trust/read-signed-site.ts': 'test/unit/release/trust/signing.test.ts',
  'lib/release/trust/root-change.ts': 'test/unit/release/trust/change-keys.test.ts',
  'lib/release/trust/sign-role.ts': 'test/unit/release/keys/sign-with.test.ts',
  'lib/release/trust/signed-site.ts': 'test/unit/release/trust/signing.test.ts',
  'lib/release/verify/verify-trust.ts': 'test/unit/release/trust/refresh.test.ts',
};

/** What of the widget is a view, or wires views: a browser tests it, with all of its states. */
const TESTED_IN_BROWSER = /^web\/([^/]+|(parts|styles|page)\/[^/]+)\.ts$/;

function isBuiltin(name: string): boolean {
  return name.startsWith('node:') && builtinModules.includes(name.slice('node:'.length));
}

function packageOf(from: string): string {
  return from.split('/', from.startsWith('@') ? 2 : 1).join('/');
}

function isAllowed(source: Source, { from, typeOnly }: Import): boolean {
  const module = from.replace(/^lib\//, '').replace(/\.ts$/, '');
  const layer = module.split('/')[0] ?? '';
  const granted = [layer, dirname(module), module];
  if (typeOnly) granted.push(...granted.map((name) => `type ${name}`));
  return (MAY_IMPORT[source.layer] ?? []).some((rule) => granted.includes(rule));
}

/** One line for each import that `isBad` says is bad. */
function badImports(sources: readonly Source[], isBad: (source: Source, imported: Import) => boolean): string[] {
  return sources.flatMap((source) =>
    source.imports
      .filter((imported) => isBad(source, imported))
      .map(({ from, typeOnly }) => `${source.path} imports ${typeOnly ? 'types of ' : ''}${from}`),
  );
}

const paths = (sources: readonly Source[]): string[] => sources.map(({ path }) => path);

describe('imports', () => {
  it('knows every layer', () => {
    expect([...new Set(LIB.map(({ layer }) => layer))].toSorted()).toEqual(Object.keys(MAY_IMPORT).toSorted());
  });

  it('point one way', () => {
    expect(badImports(LIB, (source, imported) => imported.from.startsWith('lib/') && !isAllowed(source, imported))).toEqual([]);
    expect(badImports(LIB, (_source, { from }) => /^(scripts|web|test)\//.test(from))).toEqual([]);
  });

  it('name files that are there, with their extension', () => {
    expect(badImports(SOURCES, (_source, { from }) => /^(lib|scripts|web)\//.test(from) && !fs.existsSync(from))).toEqual([]);
  });

  it('go round in no circle', () => {
    const next = new Map(SOURCES.map((source) => [source.path, source.imports.map(({ from }) => from)]));
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (path: string, way: readonly string[]): void => {
      if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(' → '));
      if (way.includes(path) || done.has(path)) return;
      for (const from of next.get(path) ?? []) visit(from, [...way, path]);
      done.add(path);
    };
    for (const path of next.keys()) visit(path, []);
    expect(circles).toEqual([]);
  });

  it('take a package in its place only', () => {
    const isPackage = (from: string): boolean => !/^(lib|scripts|web)\//.test(from) && !isBuiltin(from);
    expect(badImports(SOURCES, (source, { from }) => isPackage(from) && PLACE_OF[packageOf(from)]?.test(source.path) !== true)).toEqual([]);
  });

  it('of core take zod, semver, and what computes', () => {
    const core = LIB.filter(({ layer }) => layer === 'core');
    expect(badImports(core, (_source, { from }) => isBuiltin(from) && !['node:crypto', 'node:path', 'node:util'].includes(from))).toEqual([]);
  });

  it('of transaction take no package: rollback and recover have to start when nothing else does', () => {
    const transaction = LIB.filter(({ layer }) => layer === 'transaction');
    expect(badImports(transaction, (_source, { from }) => !from.startsWith('lib/') && !isBuiltin(from))).toEqual([]);
  });
});

describe('modules', () => {
  it('have at most 250 lines', () => {
    expect(SOURCES.filter(({ lines }) => lines > 250).map(({ path, lines }) => `${path} has ${String(lines)}`)).toEqual([]);
  });

  it('export by name, and only what is theirs', () => {
    expect(paths([...LIB, ...WEB].filter(hasDefaultExport))).toEqual([]);
    expect(paths([...LIB, ...WEB].filter(hasReexport))).toEqual([]);
  });

  it('are at most fifteen to a folder, where a layer has folders', () => {
    const counts = new Map<string, number>();
    for (const { path } of LIB) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
    const crowded = [...counts].filter(([folder, count]) => /^lib\/(core|transaction|io|release|steps)(\/|$)/.test(folder) && count > 15);
    expect(crowded).toEqual([]);
  });

  it('give each exported name one meaning: one program has it once', () => {
    const twice = (sources: readonly Source[]): string[] => {
      const places = new Map<string, string[]>();
      for (const source of sources) for (const name of exportedNames(source)) places.set(name, [...(places.get(name) ?? []), source.path]);
      return [...places].filter(([, paths]) => paths.length > 1).map(([name, paths]) => `${name}: ${paths.join(', ')}`);
    };
    expect(twice(SOURCES.filter(({ layer }) => layer !== 'web'))).toEqual([]);
    expect(twice(WEB)).toEqual([]);
  });

  it('have names in kebab-case', () => {
    expect(paths(SOURCES.filter(({ name }) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)))).toEqual([]);
  });

  it('have a test of the same name each', () => {
    const isTested = (source: Source): boolean => fs.existsSync(source.path.replace(/^lib/, 'test/unit').replace(/\.ts$/, '.test.ts'));
    const untested = LIB.filter((source) => !isTypesOnly(source) && !isTested(source));
    expect(paths(untested).filter((path) => !Object.hasOwn(TESTED_ELSEWHERE, path))).toEqual([]);
    expect(Object.keys(TESTED_ELSEWHERE).filter((path) => !paths(untested).includes(path))).toEqual([]);
    expect(Object.values(TESTED_ELSEWHERE).filter((test) => !fs.existsSync(test))).toEqual([]);
  });
});

describe('references', () => {
  const TEXTS = ['lib', 'scripts', 'web', 'test', 'units', 'docs']
    .flatMap((folder) => fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`))
    .concat(fs.readdirSync('.').filter((name) => name.endsWith('.md')))
    .filter((path) => /\.(ts|md|pl|service|socket|timer|toml|conf)$/.test(path) && !path.startsWith('test/fixtures/'))
    .map((path) => ({ path, text: fs.readFileSync(path, 'utf8') }));

  it('lead to documents and sources that are in the repository', () => {
    const dead = TEXTS.flatMap(({ path, text }) =>
      [...text.matchAll(/(?<![\w/.-])(?:\.\/)?((?:docs|lib|scripts|web|units|test)\/[\w./-]+\.(?:md|ts|service|pl))(?![\w-])/g)]
        .map(([, found = '']) => found)
        .filter((found) => !fs.existsSync(found) && !fs.existsSync(join(dirname(path), found)))
        .map((found) => `${path} refers to ${found}`),
    );
    expect(dead).toEqual([]);
  });

  it('lead to no document that only its writer had', () => {
    const private_ =
      /\b(?:style rule|the plan, section|design page|craft review|field faults)\b|\bdesign: ?"|\b(?:design|reliability)\.md,? (?:section|\d)/i;
    const found = TEXTS.filter(({ path }) => path !== 'test/unit/layers.test.ts').filter(({ text }) => private_.test(text));
    expect(found.map(({ path, text }) => `${path}: ${private_.exec(text)?.[0] ?? ''}`)).toEqual([]);
  });
});

describe('web', () => {
  const model = WEB.filter(({ path }) => /^web\/(model|strings)\//.test(path));

  it('takes its own, and types of core: nothing of the updater itself is sent to a browser', () => {
    const isOwn = ({ from, typeOnly }: Import): boolean =>
      from.startsWith('web/') || /^lit(\/|$)/.test(from) || (typeOnly && from.startsWith('lib/core/'));
    expect(badImports(WEB, (_source, imported) => !isOwn(imported))).toEqual([]);
  });

  it('decides apart from what it shows: no view is imported by model, strings or api', () => {
    const below = WEB.filter(({ path }) => /^web\/(model|strings|api)\//.test(path));
    expect(badImports(below, (_source, { from }) => from.startsWith('web/') && !/^web\/(model|strings|api)\//.test(from))).toEqual([]);
  });

  it('computes without a browser: its model reads no clock, and touches no page', () => {
    const impure =
      /^(document|window|navigator|localStorage|location)\.|^(Date\.now|Math\.random)$|^new Date\(\)$|^(fetch|setTimeout|setInterval)\(\)$/;
    expect(
      model.flatMap((source) =>
        usesOf(source)
          .filter((use) => impure.test(use))
          .map((use) => `${source.path}: ${use}`),
      ),
    ).toEqual([]);
  });

  it('has no way for text to become markup, and no inline style', () => {
    const unsafe =
      /\b(innerHTML|outerHTML|insertAdjacentHTML|unsafeHTML|unsafeSVG|unsafeCSS|styleMap|document\.write|eval)\b|\.style\b|setAttribute\('style'/;
    expect(WEB.filter(({ ast }) => unsafe.test(ast.text)).map(({ path }) => path)).toEqual([]);
  });

  it('has a test of the same name for all that is no view', () => {
    const isTested = ({ path }: Source): boolean => fs.existsSync(`test/unit/${path.replace(/\.ts$/, '.test.ts')}`);
    const untested = WEB.filter((source) => !isTypesOnly(source) && !TESTED_IN_BROWSER.test(source.path) && !isTested(source));
    expect(paths(untested)).toEqual([]);
  });
});

describe('core', () => {
  const core = LIB.filter(({ layer }) => layer === 'core');

  it('reads no clock, no environment and no dice, and writes nothing', () => {
    const impure =
      /^(process\.|console\.|Date\.now$|performance\.|new Date\(\)$|Math\.random$|fetch\(\)|(setTimeout|setInterval|setImmediate|queueMicrotask)\(\))/;
    expect(
      core.flatMap((source) =>
        usesOf(source)
          .filter((use) => impure.test(use))
          .map((use) => `${source.path}: ${use}`),
      ),
    ).toEqual([]);
  });

  it('waits for nothing', () => {
    expect(paths(core.filter(isAsynchronous))).toEqual([]);
  });
});

describe('transaction', () => {
  const transaction = LIB.filter(({ layer }) => layer === 'transaction');

  it('does one thing after the other: synchronous file calls only', () => {
    expect(paths(transaction.filter(isAsynchronous))).toEqual([]);
    const isLate = (from: string): boolean => /^node:(fs\/promises|timers|net|http|https|child_process)/.test(from);
    // The one call that Node does not have, made by a process that is waited for.
    const isSyncfs = (path: string, from: string): boolean => path === 'lib/transaction/files/syncfs.ts' && from === 'node:child_process';
    expect(badImports(transaction, (source, { from }) => isLate(from) && !isSyncfs(source.path, from))).toEqual([]);
    const others = transaction.flatMap((source) =>
      usesOf(source).filter((use) => use.startsWith('childProcess.') && use !== 'childProcess.spawnSync'),
    );
    expect(others).toEqual([]);
    const loose = /^fs\.(?!constants$|constants\.|[A-Za-z]+Sync\b|Stats$|Dirent$)/;
    expect(
      transaction.flatMap((source) =>
        usesOf(source)
          .filter((use) => loose.test(use))
          .map((use) => `${source.path}: ${use}`),
      ),
    ).toEqual([]);
  });
});

describe('the folders of the user of the network steps', () => {
  /** Where a path below /var/cache/pikit-update, /var/lib/pikit-update or /run/pikit-update comes from. */
  const NAMES = ['cacheDir', 'stateDir', 'runDir', 'stagingDir'];
  const FILES = /\bpaths\.(state|settings|staged|published|timings|waits|next|granted|retry|confirmed|wanted|progress|runRecord)$/;
  /** What opens, changes or follows a path as it is. */
  const BY_PATH = [
    ...['readPlain', 'plainBytes', 'hashFile', 'hashAndSync', 'holdsBytes', 'pourFile', 'copyToNew', 'createNew', 'writeDurable', 'writeAtomic'],
    ...['removeTree', 'unlinkIfThere', 'rmdirIfEmpty', 'fsyncDir', 'mkdirDurable', 'keepAside', 'clearPlace', 'lstatOrNull'],
  ];
  /** Who may, and why root takes nothing by it. Keep it short. */
  const MAY: Readonly<Record<string, string>> = {
    'lib/steps/source/download-release.ts': 'a network step: runs as that user',
    'lib/steps/source/cached-document.ts': 'reads by the rule; writes in network steps only',
    'lib/steps/fetch.ts': 'a network step: runs as that user',
    'lib/steps/source/download-space.ts': 'a network step: runs as that user',
    'lib/steps/staging/staging.ts': 'lists names, which are swept by descriptors',
    'lib/device/timer.ts': 'reads by the rule; writes below /etc',
    'lib/device/trust-reset.ts': "sweeps by descriptors; what it opens besides is root's own",
  };

  const names = (source: Source): boolean => NAMES.some((name) => identifiersOf(source).has(name)) || usesOf(source).some((use) => FILES.test(use));
  const opens = (source: Source): boolean =>
    usesOf(source).some((use) => /^fs\.[a-zA-Z]+(Sync)?$/.test(use) && !/^fs\.(constants|Stats)$/.test(use)) ||
    BY_PATH.some((name) => identifiersOf(source).has(name));

  it('are opened in one place: steps, transaction and device go through transaction/untrusted and transaction/sweep', () => {
    const found = LIB.filter(({ layer }) => ['steps', 'transaction', 'device'].includes(layer)).filter((source) => names(source) && opens(source));
    expect(paths(found).toSorted()).toEqual(Object.keys(MAY).toSorted());
  });

  it('are written to by no step of root that downloads: its programs have none of those modules', () => {
    const imports = new Map(SOURCES.map((source) => [source.path, source.imports.filter(({ typeOnly }) => !typeOnly).map(({ from }) => from)]));
    const reached = new Set<string>();
    const visit = (path: string): void => {
      if (reached.has(path)) return;
      reached.add(path);
      for (const from of imports.get(path) ?? []) visit(from);
    };
    for (const program of ['apply', 'rollback', 'recover', 'publish']) visit(`scripts/${program}.ts`);
    expect(reached.has('lib/transaction/files/untrusted-files.ts')).toBe(true);
    const network = Object.entries(MAY).filter(([, why]) => why.startsWith('a network step'));
    expect(network.map(([path]) => path).filter((path) => reached.has(path))).toEqual([]);
  });
});

describe('waiting', () => {
  it('is for an event, with a deadline that is taken back; only clock.ts pauses', () => {
    const pausing = SOURCES.filter((source) => identifiersOf(source).has('setTimeout') && !identifiersOf(source).has('clearTimeout'));
    expect(paths(pausing)).toEqual(['lib/io/clock.ts']);
  });
});
