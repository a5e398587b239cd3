/** Twelve mistakes that an updater can make and still pass every test without a power cut. Each must be caught by the model. */

interface Mutation {
  /** A file of lib/transaction, lib/device, lib/steps or lib/io/trust. */
  file: string;
  /** Has to be there exactly once. */
  find: string;
  put: string;
}

export interface Mutant {
  name: string;
  /** The story that catches it. */
  story: string;
  mutations: readonly Mutation[];
}

const SYNC_DESTINATIONS = '    for (const dir of dirs) barrier.dir(dir);\n';
const SYNC_WHAT_IS_LEFT = '    for (const dir of dirs) if (lstatOrNull(dir) !== null) barrier.dir(dir);\n';

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'no journal',
    story: 'apply',
    mutations: [{ file: 'journal.ts', find: '  writeChecksummed(place.journal, journal);\n', put: '' }],
  },
  {
    name: 'no fsync of files',
    story: 'apply',
    mutations: [
      {
        file: 'durable.ts',
        find: '    setOwnerAndMode(fd, { mode: options.mode, owner });\n    fs.fsyncSync(fd);\n',
        put: '    setOwnerAndMode(fd, { mode: options.mode, owner });\n',
      },
    ],
  },
  {
    name: 'no fsync of directories',
    story: 'apply',
    mutations: [
      {
        file: 'durable.ts',
        find: '  const fd = fs.openSync(dir, O_RDONLY | O_DIRECTORY);\n  try {\n    fs.fsyncSync(fd);\n',
        put: '  const fd = fs.openSync(dir, O_RDONLY | O_DIRECTORY);\n  try {\n',
      },
    ],
  },
  {
    name: 'no fsync of destinations',
    story: 'apply',
    mutations: [{ file: 'swap.ts', find: SYNC_DESTINATIONS, put: '' }],
  },
  {
    name: 'commit before the fsync of destinations',
    story: 'apply',
    mutations: [
      { file: 'swap.ts', find: SYNC_DESTINATIONS, put: '' },
      {
        file: 'transaction.ts',
        find: "from './files/durable.ts';",
        put: "from './files/durable.ts';\nimport { fsyncDir } from './files/durable.ts';",
      },
      {
        file: 'transaction.ts',
        find: '  writeJournal(place, committed);\n',
        put: '  writeJournal(place, committed);\n  for (const op of journal.ops) fsyncDir(`${place.root}${op.path}`.replace(/[/][^/]*$/, ""));\n',
      },
    ],
  },
  {
    name: 'journal removed before the sweep is durable',
    story: 'apply',
    mutations: [{ file: 'finish.ts', find: SYNC_WHAT_IS_LEFT, put: '' }],
  },
  {
    name: 'backup after the swap',
    story: 'apply-unhealthy',
    mutations: [
      // What was prepared is remembered, and copied and linked when the new files are in place; its bytes are not checked.
      { file: 'prepare.ts', find: 'import { copyToNew, fsyncDir, hashAndSync,', put: 'import { AT_ONCE, copyToNew, fsyncDir, hashAndSync,' },
      {
        file: 'prepare.ts',
        find: "  if (journal.kind === 'apply') writeBackup(place, journal, plan, before);\n",
        put: "  Reflect.set(globalThis, 'afterSwap', () => {\n    if (journal.kind === 'apply') writeBackup(place, journal, plan, before);\n    for (const op of journal.ops) linkOld(place, journal, op, AT_ONCE);\n  });\n",
      },
      { file: 'prepare.ts', find: '    for (const op of journal.ops) linkOld(place, journal, op, barrier);\n', put: '' },
      { file: 'prepare.ts', find: '  if (sha256 === facts.sha256) return;\n', put: '  if (facts !== null) return;\n' },
      {
        file: 'prepare.ts',
        find: '    fs.linkSync(source, to);\n    return true;\n',
        put: '    if (lstatOrNull(source) !== null) fs.linkSync(source, to);\n    return false;\n',
      },
      { file: 'transaction.ts', find: '  swap(place, applying);\n', put: "  swap(place, applying);\n  Reflect.get(globalThis, 'afterSwap')();\n" },
    ],
  },
  {
    name: 'no barrier',
    story: 'apply',
    mutations: [
      {
        file: 'barrier.ts',
        find: '      if (files.size + dirs.size <= FEW || !canAtOnce || ![...held.values()].every((fd) => syncfs(fd))) oneByOne();\n',
        put: '',
      },
    ],
  },
  {
    name: 'barrier after the commit',
    story: 'apply',
    mutations: [
      { file: 'prepare.ts', find: 'import { withBarrier }', put: 'import { holdBarrier, withBarrier }' },
      {
        file: 'prepare.ts',
        find: '  withBarrier(placesOf(place, journal), (barrier) => {\n',
        put: "  const late = holdBarrier(placesOf(place, journal));\n  Reflect.set(globalThis, 'afterCommit', () => late.pass());\n  ((barrier) => {\n",
      },
      { file: 'prepare.ts', find: '  });\n  assertStillOld(', put: '  })(late);\n  assertStillOld(' },
      {
        file: 'transaction.ts',
        find: '  writeJournal(place, committed);\n',
        put: "  writeJournal(place, committed);\n  Reflect.get(globalThis, 'afterCommit')();\n",
      },
    ],
  },
  {
    name: 'delete before the journal',
    story: 'apply',
    mutations: [
      {
        file: 'transaction.ts',
        find: "from './files/durable.ts';",
        put: "from './files/durable.ts';\nimport { unlinkIfThere } from './files/durable.ts';",
      },
      {
        file: 'transaction.ts',
        find: '  writeJournal(place, applying);\n  swap(',
        put: '  for (const op of journal.ops) if (op.new === null) unlinkIfThere(place.root + op.path);\n  writeJournal(place, applying);\n  swap(',
      },
    ],
  },
  {
    name: 'undo without a look at hashes',
    story: 'apply-unhealthy',
    mutations: [
      { file: 'undo.ts', find: 'sameFacts(live, old) && holdsBytes(target, old)) return;', put: 'sameFacts(live, old)) return;' },
      { file: 'undo.ts', find: '  if (!holdsBytes(keep, old)) copyFromBackup(place, journal, old, keep);\n', put: '' },
    ],
  },
  {
    name: 'version file first',
    story: 'apply',
    mutations: [{ file: 'operation-order.ts', find: 'version: 3 }', put: 'version: -1 }' }],
  },
];
