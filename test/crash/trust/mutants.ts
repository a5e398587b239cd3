/** Mistakes with the trust state that pass every test without a power cut. Each must be caught by the model. */
import type { Mutant } from '../mutants/mutants.ts';

const STORES_ROOTS = '      store.write(name, bytes);\n    }\n    return true;\n';

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'targets stored before the root that they are signed under',
    story: 'check-three-roots',
    mutations: [
      { file: 'metadata-chain.ts', find: STORES_ROOTS, put: STORES_ROOTS.replace('store.write(name, bytes);', '') },
      {
        file: 'metadata-chain.ts',
        find: '      return { trusted, changed };\n',
        put: '      mendRoots(roots);\n      return { trusted, changed };\n',
      },
    ],
  },
  {
    name: 'no fsync of the folder with what was verified',
    story: 'apply-three-roots',
    mutations: [
      {
        file: 'metadata-store.ts',
        find: '      writeDurable(join(dir, name), bytes, { mode });\n',
        put: "      writeAtomic(join(dir, name), bytes.toString('utf8'), { mode, owner: null });\n",
      },
      { file: 'metadata-store.ts', find: 'unlinkIfThere, writeDurable }', put: 'unlinkIfThere, writeAtomic }' },
    ],
  },
  {
    name: 'verified metadata written in its place',
    story: 'check-release',
    mutations: [
      {
        file: 'metadata-store.ts',
        find: '      writeDurable(join(dir, name), bytes, { mode });\n',
        put: '      unlinkIfThere(join(dir, name));\n      createNew(join(dir, name), { mode, owner: null }, (write) => write(bytes));\n      fsyncDir(dir);\n',
      },
      { file: 'metadata-store.ts', find: 'unlinkIfThere, writeDurable }', put: 'unlinkIfThere, createNew }' },
    ],
  },
  {
    name: 'the floor not kept by what publishes',
    story: 'apply-release',
    mutations: [{ file: 'write-public-facts.ts', find: '    trust: publishedFloor({ files, paths }),\n', put: '    trust: null,\n' }],
  },
  {
    name: 'the floor not asked for',
    story: 'check-release',
    mutations: [
      { file: 'open-trusted.ts', find: '  const floor = readFloor(deps);\n', put: '  const floor: ReturnType<typeof readFloor> = null;\n' },
    ],
  },
  {
    name: 'the trusted root given without an fsync',
    story: 'trust-next',
    mutations: [
      {
        file: 'trust-set.ts',
        find: '  writeDurable(paths.trustRoot, bytes, { mode: FILE_MODE });\n',
        put: "  writeAtomic(paths.trustRoot, bytes.toString('utf8'), { mode: FILE_MODE, owner: null });\n",
      },
      { file: 'trust-set.ts', find: 'lstatOrNull, writeDurable }', put: 'lstatOrNull, writeAtomic }' },
    ],
  },
  {
    name: 'reset that takes the trusted root away last',
    story: 'trust-reset',
    mutations: [
      { file: 'trust-reset.ts', find: '    if (isThere(dirname(paths.trustRoot))) {\n', put: '    const last = (): void => {\n' },
      { file: 'trust-reset.ts', find: '    if (!isThere(paths.trusted)) return;\n', put: '' },
      { file: 'trust-reset.ts', find: '    fsyncDir(dirname(paths.trusted));\n', put: '    fsyncDir(dirname(paths.trusted));\n    last();\n' },
    ],
  },
];
