/** The README's commands do what it says: those that make releases and follow branches are run, all others are at least ones that the programs take. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseCommand } from '../../../lib/cli/arguments.ts';
import { parseConfig } from '../../../lib/core/device/config.ts';
import { device, temporary } from '../../helpers/device.ts';
import { WRITER, giteaServer } from '../../helpers/gitea-server.ts';
import { dashboard, writeTree } from '../../helpers/site-builder.ts';
import { sameClock } from '../../helpers/faketime.ts';

const README = fs.readFileSync('README.md', 'utf8');
const DIST = resolve(process.env['PIKIT_TEST_DIST'] ?? 'dist');

/** The lines of a section's first block of commands. */
function commandsOf(heading: string): string[] {
  const section = README.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return (/^```\n([\s\S]*?)^```$/m.exec(section)?.[1] ?? '').trimEnd().split('\n');
}

/** A line of a table of commands, without what it says about it. */
function commandIn(line: string): string {
  return line.split(/ {2,}/)[0] ?? '';
}

async function run(command: string, cwd: string, env: Record<string, string>): Promise<{ code: number | null; text: string }> {
  const child = spawn('sh', ['-c', `exec 2>&1; ${command}`], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...sameClock(), ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  for await (const chunk of child.stdout) text += String(chunk);
  return { code: child.exitCode ?? (await new Promise<number | null>((done) => child.on('exit', done))), text };
}

/** Runs a line of the README as it is written, but for the folder that the programs are in. */
async function runLine(line: string, cwd: string, env: Record<string, string>): Promise<string> {
  const command = commandIn(line).replace(/^(?:sudo )?(pikit-\w+)/, `'${process.execPath}' '${DIST}/$1.js'`);
  const { code, text } = await run(command, cwd, env);
  expect(code, `${line}\n${text}`).toBe(0);
  return text;
}

/** What leads to the headings of a page, as GitHub and Gitea make it. */
function anchorsOf(page: string): string[] {
  const headings = [...fs.readFileSync(page, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, text = '']) => text);
  return headings.map((text) =>
    text
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
}

describe('README', () => {
  it.each(commandsOf('Operate'))('names a command that pikit-update takes: %s', (line) => {
    expect(line).toMatch(/^pikit-update /);
    const command = parseCommand(commandIn(line).split(' ').slice(1));
    expect(command.name).not.toBe('help');
  });

  it('makes releases, follows a beta and comes back as it says', async () => {
    const home = temporary();
    const gitea = await giteaServer();
    onTestFinished(gitea.close);
    const files = (version: string) => Object.fromEntries(Object.entries(dashboard(version)).map(([path, file]) => [`release/${path}`, file]));
    writeTree(home, { ...files('1.4.0'), 'notes.txt': 'Better.\n', 'release-token': `${WRITER}\n` });
    const lines = commandsOf('Make releases').map((line) =>
      line.replace('/srv/www/pikit', join(home, 'www')).replace('https://git.example.org/owner/repo', gitea.url).replace(/ {2,}/g, ' '),
    );
    expect(lines).toHaveLength(5);
    const env = { PIKIT_KEY_PASSPHRASE: 'correct horse battery staple' };
    for (const line of lines) await runLine(line, home, env);
    const { 'tuf prerelease': metadata, ...releases } = gitea.summary();
    expect(metadata).toEqual(expect.arrayContaining(['1.root.json', 'root.json', 'timestamp.json']));
    expect(releases).toEqual({ 'v1.4.0': ['branches.json', 'manifest.json', 'pikit-1.4.0.tar.gz'] });
    await runLine('pikit-release branch add beta --site ./site', home, env);
    writeTree(home, files('1.5.0-beta.1'));
    await runLine('pikit-release build --site ./site --from ./release --version 1.5.0-beta.1 --branch beta', home, env);
    await runLine(`pikit-release publish --site ./site --to ${join(home, 'www')}`, home, env);

    const on = device({ url: `file://${home}/www` });
    const owner = { PIKIT_ROOT: on.root };
    const [fingerprint = ''] = /SHA256:\S{43}/.exec(await runLine('pikit-release key list --site ./site', home, env)) ?? [];
    const [trust = '', install = '', history = ''] = commandsOf('Trust the keys of your releases');
    await runLine(trust.replace('SHA256:…', fingerprint), home, owner);
    await runLine(install, home, owner);
    expect(await runLine(history, home, owner)).toMatch(/^ +signed by targets$/m);
    const page = (): string | null => on.read('/var/www/pikit-web/index.html');
    expect(page()).toContain('1.4.0');
    const [list = '', choose = '', apply = '', back = ''] = commandsOf('Follow a beta');
    expect(await runLine(list, home, owner)).toMatch(/^\* stable +1\.4\.0 .*\n +signed by targets\n {2}beta /);
    expect(await runLine(choose, home, owner)).toContain("1.5.0-beta.1 is available on the branch 'beta' (installed: 1.4.0)");
    expect(page()).toContain('1.4.0');
    await runLine(apply, home, owner);
    expect(page()).toContain('1.5.0-beta.1');
    expect(await runLine(back, home, owner)).toContain('1.4.0 is available as a downgrade (installed: 1.5.0-beta.1)');
    expect(await runLine('pikit-update branch --dismiss', home, owner)).toBe('there are no notices\n');
    await runLine(apply, home, owner);
    expect(page()).toContain('1.4.0');
  });

  it('shows addresses of sources that the updater takes', () => {
    const rows = [...README.matchAll(/^\| `(static|gitea)` +\| `(\S+)`: /gm)].map(([, type, url]) => ({ type, url }));
    expect(rows).toHaveLength(4);
    for (const source of rows) expect(parseConfig({ source }, 'README.md').source).toEqual(source);
  });

  it('leads to pages that are there, and to headings of theirs', () => {
    const links = [...README.matchAll(/\]\((docs\/[^)#]+)(?:#([^)]*))?\)/g)].map(([, path = '', anchor]) => ({ path, anchor }));
    expect([...new Set(links.map(({ path }) => path))].toSorted()).toEqual(
      [
        'api.md',
        'architecture.md',
        'automation.md',
        'branches.md',
        'dashboard.md',
        'examples/pikit_api_update.py',
        'hosting.md',
        'journal.md',
        'reliability.md',
        'screenshots',
        'screenshots/available-light.png',
        'security.md',
      ].map((page) => `docs/${page}`),
    );
    for (const { path } of links) expect(fs.existsSync(path), path).toBe(true);
    for (const { path, anchor } of links) if (anchor !== undefined) expect(anchorsOf(path), path).toContain(anchor);
    for (const [, anchor = ''] of README.matchAll(/\]\(#([^)]*)\)/g)) expect(anchorsOf('README.md')).toContain(anchor);
  });
});
