/** docs/branches.md does what it says: its commands are run, one after the other, in one folder, by the program that is shipped. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
const BLOCKS = blocksOf(fs.readFileSync('docs/branches.md', 'utf8'));

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

  it('shows every command about branches at work', () => {
    const shown = BLOCKS.filter(({ language }) => language === 'sh').map(({ text }) => text);
    for (const verb of ['list', 'add', 'edit', 'enable', 'disable', 'hide', 'show', 'remove']) {
      expect(shown.join(''), verb).toContain(`pikit-release branch ${verb} `);
    }
    expect(shown.join('')).toContain('pikit-release promote ');
    expect(BLOCKS.filter(({ language }) => !['', 'sh', 'text', 'console'].includes(language))).toEqual([]);
  });
});
