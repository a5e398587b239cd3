/** docs/branches.md does what it says: its commands are run, one after the other, in one folder, by the program that is shipped. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BranchQuestion } from '../../../lib/core/offer/branch-choice.ts';
import { branchLabel, decideBranch } from '../../../lib/core/offer/branch-choice.ts';
import type { Branch } from '../../../lib/core/release/branches.ts';
import { parseBranches } from '../../../lib/core/release/branches.ts';
import { removeDir, tempDir, writeTree } from '../../helpers/tree.ts';

interface Block {
  language: string;
  text: string;
  /** Of the first line, for the name of the test. */
  line: number;
}

/** A device follows the site of these pages as if it were on a stick. */
const UPDATE_TOML = `[source]
type = "static"
url = "file://SITE"
[services]
manager = "none"
[health]
settle = "0s"
`;
const PAGE = fs.readFileSync('docs/branches.md', 'utf8');
const BLOCKS = blocksOf(PAGE);

/** The table "What devices do", row by row. */
const RULES = [
  ...(PAGE.split('## What devices do')[1]?.split('\n\n')[1] ?? '').matchAll(/^\| ([^-|][^|]*?) +\| ([^|]*?) +\| ([^|]*?) +\| ([^|]*?) +\|$/gm),
]
  .slice(1)
  .map(([, branch = '', uses = '', choice = '', sees = '']) => ({ branch, uses, choice, sees }));

const beta = (more: object = {}): Branch[] => parseBranches(Buffer.from(JSON.stringify([{ name: 'beta', ...more }])));

/** What a device knows and hears in each of them. */
const QUESTIONS: Readonly<Record<string, Omit<BranchQuestion, 'selected'>>> = {
  enabled: { list: beta(), answer: 'list' },
  disabled: { list: beta({ enabled: false }), answer: 'list' },
  'enabled again': { list: beta({ enabled: true }), answer: 'list' },
  'removed from the list': { list: [], answer: 'list' },
  'not on `linux`': { list: beta({ linux: false }), answer: 'list' },
  hidden: { list: beta({ visible: false }), answer: 'list' },
  'in a list that cannot be fetched (HTTP 500, …)': { list: beta(), answer: 'failed' },
  'in a list that is not there any more (HTTP 404)': { list: beta(), answer: 'none' },
  'chosen, but in no list that this device has seen': { list: [], answer: 'failed' },
  'chosen, and this source never had a list (404)': { list: null, answer: 'none' },
  'chosen, and the first list cannot be fetched': { list: null, answer: 'failed' },
};

function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(/^```([a-z]*)\n([\s\S]*?)^```$/gm)].map((match) => ({
    language: match[1] ?? '',
    text: match[2] ?? '',
    line: markdown.slice(0, match.index).split('\n').length + 1,
  }));
}

let dir = '';
beforeAll(() => {
  dir = tempDir();
  fs.mkdirSync(join(dir, 'bin'));
  for (const name of ['pikit-release', 'pikit-update']) {
    fs.writeFileSync(join(dir, 'bin', name), `#!/bin/sh\nexec '${process.execPath}' '${resolve('dist', `${name}.js`)}' "$@"\n`, { mode: 0o755 });
  }
  writeTree(join(dir, 'device'), { '/etc/pikit/update.toml': UPDATE_TOML.replace('SITE', join(dir, 'site')) });
});
afterAll(() => {
  removeDir(dir);
});

function run(text: string): { status: number | null; output: string } {
  const env = { PATH: `${join(dir, 'bin')}:${process.env['PATH'] ?? ''}`, LANG: 'C.UTF-8', PIKIT_ROOT: join(dir, 'device') };
  const { status, stdout } = spawnSync('sh', ['-eu'], { cwd: dir, env, input: `exec 2>&1\n${text}`, encoding: 'utf8' });
  return { status, output: stdout };
}

/** What a block says is printed, where … stands for lines that are left out. */
function saying(text: string): RegExp {
  const parts = text.split('…\n').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('(?:.*\\n)*?')}$`);
}

describe('docs/branches.md', () => {
  BLOCKS.forEach((block, index) => {
    const next = BLOCKS[index + 1];
    if (block.language === 'sh') {
      it(`does what line ${String(block.line)} says`, () => {
        const { status, output } = run(block.text);
        expect({ status, output }).toMatchObject({ status: 0 });
        if (next?.language === 'text') expect(output).toMatch(saying(next.text));
      });
    }
    if (block.language === 'console' && block.text.startsWith('$ pikit-update ')) {
      it.each(block.text.trimEnd().split('\n'))(`does on a device what line ${String(block.line)} says: %s`, (line) => {
        const { status, output } = run(line.replace(/^\$ /, ''));
        expect({ status, output }).toMatchObject({ status: 0 });
      });
    }
    if (block.language === 'console' && block.text.startsWith('$ pikit-release ')) {
      it(`fails as line ${String(block.line)} says`, () => {
        const [command = '', ...printed] = block.text.slice(2).split('\n');
        expect(run(command)).toEqual({ status: 1, output: printed.join('\n') });
      });
    }
  });

  it('leaves a device that was told of every branch that went', () => {
    const { output } = run('pikit-update check && pikit-update status --json');
    expect(JSON.parse(output.slice(output.indexOf('{')))).toMatchObject({ branch: 'stable', settings: { branch: 'stable' }, latest: '1.5.0' });
  });

  it('leaves the site that it leads to', () => {
    const branches: unknown = JSON.parse(run('pikit-release branch list --site site --json').output);
    expect(branches).toMatchObject({
      branches: [
        { name: 'stable', version: '1.5.0' },
        { name: 'nightly', version: '1.6.0-nightly.20261123', windows: true, visible: true, display_name: 'Nightly 🌙' },
      ],
    });
    expect(fs.readdirSync(join(dir, 'site/files')).toSorted()).toEqual(['nightly', 'stable']);
    expect(fs.readdirSync(join(dir, 'site/bundles'))).toHaveLength(6);
  });

  it.each(RULES)('says what devices do: $branch', ({ branch, uses, choice, sees }) => {
    const question = QUESTIONS[branch];
    expect(question, 'a row that is not compared').toBeDefined();
    if (question === undefined) return;
    const { used, setting, notice, ...decided } = decideBranch({ selected: 'beta', ...question });
    const names: Readonly<Record<string, string | null>> = {
      'the branch': 'beta',
      stable: 'stable',
      'what the last list said': 'beta',
      'nothing: the check fails': null,
    };
    expect(used).toBe(names[uses]);
    expect(setting).toBe(choice === 'kept' ? 'beta' : 'stable');
    expect(notice !== null).toBe(/\bnotice\b/.test(sees));
    const label = /"(\(.*?\))"/.exec(sees)?.[1];
    if (label !== undefined) expect(branchLabel(decided)).toBe(`beta ${label}`);
    expect(label !== undefined).toBe(used === 'stable' && setting === 'beta');
  });

  it('has a row for everything that devices can decide', () => {
    expect(RULES.map(({ branch }) => branch).toSorted()).toEqual(Object.keys(QUESTIONS).toSorted());
    const decided = Object.values(QUESTIONS).map((question) => decideBranch({ selected: 'beta', ...question }).why);
    expect([...new Set(decided)].toSorted()).toEqual(['disabled', 'no-list', 'not-known', 'not-listed', 'removed', 'selected']);
  });

  it('shows every command about branches at work', () => {
    const shown = BLOCKS.filter(({ language }) => language === 'sh').map(({ text }) => text);
    for (const verb of ['list', 'add', 'edit', 'enable', 'disable', 'hide', 'show', 'remove']) {
      expect(shown.join(''), verb).toContain(`pikit-release branch ${verb} `);
    }
    expect(shown.join('')).toContain('pikit-release promote ');
    expect(BLOCKS.filter(({ language }) => !['', 'sh', 'text', 'console'].includes(language))).toEqual([]);
  });
});
