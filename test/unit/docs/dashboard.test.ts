/** docs/dashboard.md says what is true: its commands are run, and its tables are held against the widget. */
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PAGE_POLICY } from '../../../lib/api/static-files.ts';
import { en } from '../../../web/strings/en.ts';
import { playedServer } from '../../helpers/played.ts';

const DOC = fs.readFileSync('docs/dashboard.md', 'utf8');
const hasCurl = spawnSync('curl', ['--version']).status === 0;

function blocks(language: string): string[] {
  return [...DOC.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text.trim());
}

/** The first cells of the table below a heading. */
function firstCells(heading: string): string[] {
  const [, section = ''] = DOC.split(`\n## ${heading}\n`);
  const [table = ''] = /^\|[\s\S]*?\n(?!\|)/m.exec(section) ?? [];
  return table
    .trim()
    .split('\n')
    .slice(2)
    .map((row) => (row.split('|')[1] ?? '').trim().replaceAll('`', ''));
}

function sources(dir: string): string {
  return fs
    .readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => fs.readFileSync(join(dir, name), 'utf8'))
    .join('\n');
}

describe.skipIf(!hasCurl)('the commands of docs/dashboard.md', () => {
  it.each(blocks('sh').flatMap((block) => block.split('\n')))('do what they say: %s', async (command) => {
    const { url, socket } = await playedServer();
    const mine = command.replace('/run/pikit-update-api/api.sock', socket).replace('http://127.0.0.1:8737', url);
    const child = spawn('sh', ['-euc', mine], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    for await (const chunk of child.stdout.setEncoding('utf8')) text += String(chunk);
    if (command.includes('-sSI')) {
      expect(text).toMatch(/^HTTP\/1\.1 200/);
      expect(text).toContain(PAGE_POLICY);
    } else expect(text).toMatch(/^<!doctype html>/);
  });
});

describe('what docs/dashboard.md says', () => {
  it('of attributes is what the element reads', () => {
    const element = fs.readFileSync('web/pikit-updates.ts', 'utf8');
    const read = [...(/observedAttributes = \[(.*)\]/.exec(element)?.[1] ?? '').matchAll(/'([a-z]+)'/g)].map(([, name]) => name);
    expect(firstCells('Attributes').toSorted()).toEqual([...new Set([...read, 'theme'])].toSorted());
    for (const name of firstCells('Attributes')) expect(`${element}${sources('web/styles')}${sources('web/parts')}`).toContain(name);
  });

  it('of custom properties is what the styles read', () => {
    const read = [...sources('web/styles').matchAll(/var\((--pikit-updates-[a-z-]+)/g)].map(([, name]) => name);
    expect(firstCells('Colours').toSorted()).toEqual([...new Set(read)].toSorted());
  });

  it('of the chip are its words', () => {
    const said = firstCells('What the chip says').flatMap((cell) => cell.split(', '));
    const { chip, phases } = en;
    const steady = [
      ...[chip.connecting, chip.slow, chip['not-allowed'], chip.gone, chip.broken, chip.interrupted, chip['rolled-back'], chip.offline],
      ...[chip['no-server'], chip['never-checked'], chip['up-to-date'], chip.stale(40), chip.left('1.4.0'), chip.problem],
      ...[chip.untrusted, chip.expired('Nov 1'), chip.expired(null)],
      ...[chip.available, chip.downgrade, chip.first, chip.held, chip.waiting, chip.incompatible, chip.skipped].map((words) => words('1.5.0')),
      ...[phases.checking, phases.installing, phases['going-back'], phases.recovering].map((phase) => `${phase}…`),
      ...[`${phases.downloading} ${en.percent(43)}`, en.failed(en.steps.apply)],
    ];
    expect(said.toSorted()).toEqual(steady.toSorted());
    expect(DOC).toContain(`\`${en.reconnecting}\``);
  });

  it('of the policy is what the page of the API goes by, but for its picture and its frame', () => {
    const [policy = ''] = blocks('').filter((block) => block.startsWith('default-src'));
    expect(policy.split('; ').filter((directive) => !PAGE_POLICY.split('; ').includes(directive))).toEqual([]);
  });

  it('of files, pictures and headings is there', () => {
    for (const [, path = ''] of DOC.matchAll(/\]\((?!https:)([^)#]+)(?:#[^)]*)?\)/g)) expect(fs.existsSync(join('docs', path)), path).toBe(true);
    const api = fs.readFileSync('docs/api.md', 'utf8').toLowerCase();
    for (const [, anchor = ''] of DOC.matchAll(/api\.md#([a-z-]+?)(?:-1)?\)/g)) expect(api).toContain(`# ${anchor.replaceAll('-', ' ')}`);
  });

  it('is said in blocks that are tested, here or in a browser', () => {
    const languages = [...DOC.matchAll(/^```(\w*)\n[\s\S]*?^```$/gm)].map(([, language]) => language);
    expect([...new Set(languages)].toSorted()).toEqual(['', 'console', 'css', 'html', 'js', 'sh']);
    for (const [, script = ''] of DOC.matchAll(/`npm run ([a-z:]+)`/g)) expect(fs.readFileSync('package.json', 'utf8')).toContain(`"${script}":`);
  });
});
