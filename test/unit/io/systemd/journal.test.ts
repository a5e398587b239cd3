import fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ApiDeps } from '../../../../lib/api/deps.ts';
import type { LogLine } from '../../../../lib/core/http-api/api-answers.ts';
import type { LogsQuery } from '../../../../lib/core/http-api/api-requests.ts';
import { journalReader } from '../../../../lib/io/systemd/journal.ts';
import { temporary } from '../../../helpers/device.ts';
import { hasJournald, journald } from '../../../helpers/journald.ts';
import { PATIENTLY } from '../../../helpers/wait.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

const NEVER = new AbortController().signal;
const ALL: LogsQuery = {};
// `satisfies`: it is what the HTTP API wants.
const { follow, read } = journalReader() satisfies NonNullable<ApiDeps['journal']>;
const CHECK = { identifier: 'pikit-update-check', unit: 'pikit-update-check.service' };
const APPLY = { identifier: 'pikit-update-apply', unit: 'pikit-update-apply.service' };

function cursor(index: number): string {
  return `s=1;i=${index.toString(16)};b=2;m=3;t=4;x=5`;
}

function entry(index: number, message = `line ${String(index)}`): string {
  return JSON.stringify({ __CURSOR: cursor(index), __REALTIME_TIMESTAMP: '1795340147192753', MESSAGE: message, _SYSTEMD_UNIT: CHECK.unit });
}

/** A journalctl that does this, and nothing else on PATH before it. */
function journalctl(script: string): string {
  const dir = temporary();
  fs.writeFileSync(join(dir, 'journalctl'), `#!/bin/sh\ncd '${dir}'\n${script}\n`, { mode: 0o755 });
  vi.stubEnv('PATH', `${dir}:${process.env['PATH'] ?? ''}`);
  return dir;
}

function printing(...lines: readonly string[]): string {
  const dir = journalctl('exec cat lines');
  fs.writeFileSync(join(dir, 'lines'), lines.map((line) => `${line}\n`).join(''));
  return dir;
}

function messages(lines: readonly LogLine[]): string[] {
  return lines.map(({ message }) => message);
}

/** The next so many lines of one who follows. */
async function next(lines: AsyncGenerator<LogLine, void>, count: number): Promise<string[]> {
  const found: string[] = [];
  while (found.length < count) {
    const { value, done } = await lines.next();
    if (done === true) break;
    found.push(value.message);
  }
  return found;
}

describe('reading', () => {
  it('gives what journalctl prints, oldest first, and passes over what is no entry', async () => {
    printing(entry(1), 'rubbish', '{}', entry(2));
    expect(messages((await read(ALL)).lines)).toEqual(['line 1', 'line 2']);
  });

  it('asks for as many lines as are wanted, and with a cursor for the line at it too', async () => {
    const dir = journalctl('printf "%s\\n" "$@" > asked');
    const asked = (): string => fs.readFileSync(join(dir, 'asked'), 'utf8');
    await read({ ...ALL, lines: 7 });
    expect(asked()).toContain('--lines=7\n');
    expect(asked()).not.toContain('--follow');
    await read({ ...ALL, lines: 7, cursor: cursor(1) });
    expect(asked()).toContain(`--cursor=${cursor(1)}\n`);
    expect(asked()).toContain('--lines=8\n');
  });

  it('leaves out the line at the cursor, and no other when that is not there', async () => {
    printing(entry(1), entry(2), entry(3));
    expect(messages((await read({ ...ALL, lines: 2, cursor: cursor(1) })).lines)).toEqual(['line 2', 'line 3']);
    expect(messages((await read({ ...ALL, lines: 2, cursor: cursor(9) })).lines)).toEqual(['line 1', 'line 2']);
  });

  it('ends at 1 MiB: without a cursor it is the old lines that are left out, with one the new', async () => {
    printing(...Array.from({ length: 400 }, (_, index) => entry(index, `${String(index)} ${'x'.repeat(4000)}`)));
    const { lines: last } = await read({ ...ALL, lines: 1000 });
    expect(last.length).toBeGreaterThan(250);
    expect(last.length).toBeLessThan(265);
    expect(last.at(-1)?.message).toMatch(/^399 /);
    const { lines: first } = await read({ ...ALL, lines: 1000, cursor: cursor(0) });
    expect(first[0]?.message).toMatch(/^1 /);
    expect(first.length).toBe(last.length);
  });

  it('passes over a line that has no end, and goes on after it', async () => {
    journalctl(`cat lines; head -c 3000000 /dev/zero | tr '\\0' x; echo; cat lines`);
    const dir = process.env['PATH']?.split(':')[0] ?? '';
    fs.writeFileSync(join(dir, 'lines'), `${entry(1)}\n`);
    expect(messages((await read(ALL)).lines)).toEqual(['line 1', 'line 1']);
  });

  it('says what is wrong', async () => {
    vi.stubEnv('PATH', temporary());
    await expect(read(ALL)).rejects.toMatchObject({
      code: 'SYSTEMD_UNAVAILABLE',
      message: "the command 'journalctl' is missing",
    });
    vi.unstubAllEnvs();
    journalctl('echo "No journal files were opened due to insufficient permissions." >&2; exit 1');
    await expect(read(ALL)).rejects.toMatchObject({
      code: 'PERMISSION',
      message: 'permission to read the journal was denied: No journal files were opened due to insufficient permissions.',
    });
    vi.unstubAllEnvs();
    journalctl('echo "Failed to open journal: Structure needs cleaning" >&2; exit 1');
    await expect(read(ALL)).rejects.toMatchObject({
      code: 'SYSTEMD_UNAVAILABLE',
      message: 'the journal cannot be read: Failed to open journal: Structure needs cleaning',
    });
    vi.unstubAllEnvs();
    journalctl('exit 3');
    await expect(read(ALL)).rejects.toMatchObject({ message: 'the journal cannot be read: journalctl ended with 3' });
  });

  it('gives up on a journal that does not answer, and ends what was to read it', async () => {
    const dir = journalctl('echo $$ > pid; mkfifo hold; exec cat hold');
    await expect(journalReader({ timeoutMs: 500 }).read(ALL)).rejects.toMatchObject({ message: 'the journal was not read within 0.5 s' });
    await gone(dir);
  });

  it('refuses a cursor that is none, before anything runs', async () => {
    const dir = journalctl('echo > ran');
    await expect(read({ cursor: 's=1;i=2' })).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
      message: `'cursor' is "s=1;i=2": it must be the cursor of a line`,
    });
    expect(fs.readdirSync(dir)).toEqual(['journalctl']);
  });

  it('says where to go on', async () => {
    printing(entry(1), entry(2));
    expect((await read(ALL)).cursor).toBe(cursor(2));
    printing();
    expect((await read(ALL)).cursor).toBeNull();
    expect((await read({ cursor: cursor(7) })).cursor).toBe(cursor(7));
  });
});

/** Resolves when the process whose pid is in the folder is not there any more. */
async function gone(dir: string): Promise<void> {
  const pid = Number(fs.readFileSync(join(dir, 'pid'), 'utf8'));
  await vi.waitFor(() => {
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  }, PATIENTLY);
}

describe('following', () => {
  it('gives what there is and goes on; its journalctl ends when its reader is gone', async () => {
    const dir = journalctl('echo $$ > pid; printf "%s\\n" "$@" > asked; mkfifo more; cat lines; exec cat more');
    fs.writeFileSync(join(dir, 'lines'), `${entry(1)}\n${entry(2)}\n`);
    const lines = follow({ ...ALL, lines: 20 }, NEVER);
    expect(await next(lines, 2)).toEqual(['line 1', 'line 2']);
    expect(fs.readFileSync(join(dir, 'asked'), 'utf8')).toMatch(/--follow\n--lines=20\n$/);
    const more = fs.openSync(join(dir, 'more'), 'w');
    fs.writeSync(more, `${entry(3)}\n`);
    expect(await next(lines, 1)).toEqual(['line 3']);
    await lines.return(undefined);
    await gone(dir);
    fs.closeSync(more);
  });

  it('ends without a word when it is told to', async () => {
    const dir = journalctl('echo $$ > pid; mkfifo more; cat lines; exec cat more');
    fs.writeFileSync(join(dir, 'lines'), `${entry(1)}\n`);
    const stop = new AbortController();
    const lines = follow(ALL, stop.signal);
    expect(await next(lines, 1)).toEqual(['line 1']);
    const waiting = lines.next();
    stop.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await gone(dir);
    expect(await follow(ALL, AbortSignal.abort()).next()).toEqual({ done: true, value: undefined });
  });

  it('reads no further than its reader', async () => {
    const dir = journalctl(`i=0; while [ $i -lt 4000 ]; do cat line; i=$((i+1)); echo $i > count; done`);
    fs.writeFileSync(join(dir, 'line'), `${entry(1, 'x'.repeat(4000))}\n`);
    const lines = follow(ALL, NEVER);
    expect(await next(lines, 3)).toHaveLength(3);
    await lines.return(undefined);
    expect(Number(fs.readFileSync(join(dir, 'count'), 'utf8'))).toBeLessThan(400);
  });

  it('says what is wrong', async () => {
    journalctl('echo "No journal files were opened due to insufficient permissions." >&2; exit 1');
    await expect(follow(ALL, NEVER).next()).rejects.toMatchObject({ code: 'PERMISSION' });
  });
});

describe.skipIf(!hasJournald)('a real journal', () => {
  it('is read by unit, by name and by cursor, and followed', async () => {
    const journal = await journald();
    vi.stubEnv('PATH', `${journal.bin}:${process.env['PATH'] ?? ''}`);
    expect(await read(ALL)).toEqual({ lines: [], cursor: null });
    await journal.write(CHECK, '<5>1.5.0 is available', '\u001b[31mred', 'x'.repeat(5000));
    await journal.write({ identifier: 'sshd', unit: 'ssh.service' }, 'not ours');
    await journal.write({ identifier: 'node', unit: 'pikit-update-auto@off.service' }, '<3>of a template');
    await journal.write({ identifier: APPLY.identifier, unit: '' }, 'the last words');
    journal.forge('pikit-update-apply', 'not by root');

    const { lines: all } = await read(ALL);
    expect(all.map(({ unit, priority, message }) => [unit, priority, message])).toEqual([
      ['check', 5, '1.5.0 is available'],
      ['check', 6, '\u001b[31mred'],
      ['check', 6, expect.stringMatching(/more than 4 KiB/)],
      ['auto', 3, 'of a template'],
      ['apply', 6, 'the last words'],
    ]);
    expect(messages((await read({ ...ALL, lines: 1 })).lines)).toEqual(['the last words']);
    expect(messages((await read({ ...ALL, unit: 'auto' })).lines)).toEqual(['of a template']);

    const second = all[1]?.cursor ?? '';
    expect(messages((await read({ ...ALL, cursor: second, lines: 2 })).lines)).toEqual(messages(all.slice(2, 4)));
    expect(messages((await read({ ...ALL, cursor: second, unit: 'apply' })).lines)).toEqual(['the last words']);
    expect((await read({ ...ALL, cursor: all.at(-1)?.cursor ?? '' })).lines).toEqual([]);

    const lines = follow({ ...ALL, lines: 1 }, NEVER);
    expect(await next(lines, 1)).toEqual(['the last words']);
    await journal.write(APPLY, 'installing', 'done');
    expect(await next(lines, 2)).toEqual(['installing', 'done']);
    await lines.return(undefined);

    const stop = new AbortController();
    const onwards = follow({ ...ALL, cursor: all[3]?.cursor ?? '' }, stop.signal);
    expect(await next(onwards, 3)).toEqual(['the last words', 'installing', 'done']);
    stop.abort();
    expect(await onwards.next()).toMatchObject({ done: true });
  });

  it('is read from a cursor that it has lost', async () => {
    const journal = await journald();
    vi.stubEnv('PATH', `${journal.bin}:${process.env['PATH'] ?? ''}`);
    await journal.write(CHECK, 'one', 'two');
    const lost = 's=00000000000000000000000000000001;i=1;b=00000000000000000000000000000002;m=1;t=1;x=1';
    expect(messages((await read({ ...ALL, cursor: lost })).lines)).toEqual(['one', 'two']);
  });
});

it.skipIf(!hasJournald)('shows no line as one of root’s that another has written, whatever it calls itself (needs root and journald)', async () => {
  const journal = await journald();
  vi.stubEnv('PATH', `${journal.bin}:${process.env['PATH'] ?? ''}`);
  const user = 64_123;
  const reader = journalReader({ uid: () => user });
  for (const name of ['apply', 'rollback', 'recover', 'auto', 'order', 'check', 'fetch']) {
    journal.forge(`pikit-update-${name}`, `forged ${name} by the user`, user);
    journal.forge(`pikit-update-${name}`, `forged ${name} by another`, 65_534);
  }
  // The whole of root's lines is true, and so is what its unit says of itself under another name.
  await journal.write({ ...CHECK, identifier: 'pikit-update-apply' }, 'from the unit of check');
  await journal.write(APPLY, 'from the unit of apply');
  await journal.write({ ...APPLY, unit: 'pikit-update-order@3-4711_88-996.service', identifier: 'pikit-update-order' }, 'from an order');
  await vi.waitFor(async () => {
    expect((await reader.read(ALL)).lines.map(({ unit, message }) => `${unit}: ${message}`)).toEqual([
      'check: forged check by the user',
      'fetch: forged fetch by the user',
      'check: from the unit of check',
      'apply: from the unit of apply',
      'order: from an order',
    ]);
  }, PATIENTLY);
  expect(messages((await reader.read({ unit: 'order' })).lines)).toEqual(['from an order']);
  expect(messages((await reader.read({ unit: 'apply' })).lines)).toEqual(['from the unit of apply']);
  expect(messages((await reader.read({ unit: 'rollback' })).lines)).toEqual([]);
});
