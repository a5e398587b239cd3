/**
 * No program ends without a word: each built entry point is started against a source, a health address, a Gitea server or a bus
 * that stops to answer as it should at the n-th request. For every n there is where it is a line of a device; what a publish
 * leaves behind at every n is tested without processes (test/unit/release/publish/publish-gitea.test.ts).
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Device, Ended, Step } from '../helpers/device.ts';
import { run, start, step, temporary } from '../helpers/device.ts';
import type { Fault, FaultyLine } from '../helpers/faulty-line.ts';
import { ALL_FAULTS, faultyLine } from '../helpers/faulty-line.ts';
import { WRITER, giteaServer } from '../helpers/gitea-server.ts';
import { matching } from '../helpers/matchers.ts';
import { dashboard, emptySite, release, writeTree } from '../helpers/site-builder.ts';
import { onSite } from '../unit/steps/published.ts';

/** Of the table that is the last one in the configuration of a device. */
const LIMITS = 'check_timeout = "1s"\ndownload_timeout = "2s"\n';

/** Refused, and told: a code on standard error, and in the receipt of a step. */
function expectTold(ended: Ended, codes: RegExp): void {
  expect(ended.code).toBe(1);
  expect(ended.err).toMatch(/^error: .+ \[([A-Z_]+)\]$/m);
  expect(/\[([A-Z_]+)\]/.exec(ended.err)?.[1]).toMatch(codes);
}

function expectReceipt(on: Device, name: Step, codes: RegExp): void {
  expect(on.files.readState().last_result).toMatchObject({ step: name, outcome: matching(/^(failed|rolled-back)$/) });
  expect(on.files.readState().last_result?.code).toMatch(codes);
  expect(fs.existsSync(on.paths.journal)).toBe(false);
}

const NETWORK = /^(HTTP_PROTOCOL|SERVER_UNREACHABLE|DEADLINE|SIZE_MISMATCH)$/;

function codesOf(fault: Fault): RegExp {
  return fault.startsWith('switches') || fault.startsWith('is informative') ? /^(HTTP_PROTOCOL|DEADLINE)$/ : NETWORK;
}

describe.each(ALL_FAULTS)('a server that %s', (fault) => {
  it('is told by check and fetch at every request', async () => {
    const { on, server } = await onSite(['1.0.0', '1.1.0']);
    const line = await faultyLine(Number(new URL(server.url).port));
    on.configure({ url: line.url, toml: LIMITS });
    for (const name of ['check', 'fetch'] as const) {
      let n = 1;
      for (; n < 10; n += 1) {
        fs.rmSync(on.at('/var/cache'), { recursive: true, force: true });
        on.files.removeStaged();
        line.breakFrom(n, fault);
        const ended = await step(on, name);
        if (line.seen() < n) {
          expect(ended).toMatchObject({ code: 0 });
          break;
        }
        // The list of branches is not worth a failure: the branches are those last known.
        if (ended.code === 0) continue;
        expectTold(ended, codesOf(fault));
        expectReceipt(on, name, codesOf(fault));
      }
      expect(n).toBeGreaterThan(name === 'check' ? 2 : 3);
    }
  });

  // Of a page only the head is asked for: one whose body ends early is there.
  it.skipIf(fault === 'closes in the body')('makes apply go back when it is the dashboard, with a receipt', async () => {
    const { on, server } = await onSite(['1.0.0', '1.1.0']);
    expect((await step(on, 'fetch')).code).toBe(0);
    const before = on.tree(['/var/www', '/usr/local', '/etc/pikit']);
    const line = await faultyLine(Number(new URL(server.url).port));
    line.breakFrom(1, fault);
    on.configure({ url: server.url, health: [line.url], healthTimeout: '1s' });
    const after = on.tree(['/etc/pikit']);
    const ended = await step(on, 'apply');
    expectTold(ended, /^PROBE_FAILED$/);
    expectReceipt(on, 'apply', /^PROBE_FAILED$/);
    expect(on.tree(['/var/www', '/usr/local', '/etc/pikit'])).toEqual({ ...before, ...after });
    expect((await run('pikit-update', on.root, { args: ['status', '--json'] })).code).toBe(0);
  });

  it.skipIf(fault === 'never answers')(
    'is told by publish at its first, a middle and its last request, and the next publish completes it',
    async () => {
      const site = await siteOfOne();
      const whole = await publishing(site);
      expect(await whole.publish()).toMatchObject({ code: 0 });
      const requests = whole.line.seen();
      expect(requests).toBeGreaterThan(4);
      for (const n of [1, Math.ceil(requests / 2), requests]) {
        const { line, publish } = await publishing(site);
        line.breakFrom(n, fault);
        const ended = await publish();
        expect(line.seen()).toBeGreaterThanOrEqual(n);
        expect(ended.code).toBe(1);
        expect(ended.err).toMatch(/^error: ./m);
        line.breakFrom(0, fault);
        expect(await publish()).toMatchObject({ code: 0 });
      }
    },
  );
});

async function siteOfOne(): Promise<string> {
  const base = temporary();
  const site = emptySite(base);
  writeTree(join(base, 'tree'), dashboard('1.0.0'));
  await release({ site, from: join(base, 'tree'), version: '1.0.0' });
  return site;
}

/** To a Gitea server of its own, through a line that can break. */
async function publishing(site: string): Promise<{ line: FaultyLine; publish: () => Promise<Ended> }> {
  const gitea = await giteaServer();
  onTestFinished(gitea.close);
  const origin = new URL(gitea.url);
  const line = await faultyLine(Number(origin.port));
  const to = `gitea:${line.url.replace(/\/$/, '')}${origin.pathname}`;
  return { line, publish: () => run('pikit-release', null, { args: ['publish', '--site', site, '--to', to], env: { PIKIT_RELEASE_TOKEN: WRITER } }) };
}

describe('a step that is killed', () => {
  it('is told by status, and once by the step after it', async () => {
    const { on, server } = await onSite(['1.0.0']);
    const line = await faultyLine(Number(new URL(server.url).port));
    on.configure({ url: line.url });
    line.breakFrom(1, 'never answers');
    const { child, ended } = start('check', on.root);
    await expect.poll(line.seen, { timeout: 60_000 }).toBe(1);
    child.kill('SIGKILL');
    expect((await ended).code).toBe('SIGKILL');
    const status = await run('pikit-update', on.root, { args: ['status'] });
    expect(status).toMatchObject({ code: 0 });
    expect(status.out).toMatch(/^last run +the last check ended without a result$/m);
    line.breakFrom(0, 'closes');
    expect(await step(on, 'check')).toMatchObject({ code: 0, err: matching(/^warning: the last check ended without a result/) });
    expect((await run('pikit-update', on.root, { args: ['status'] })).out).not.toContain('last run');
    expect(on.files.readHistory().map(({ step: name, code }) => [name, code])).toEqual([['check', 'STEP_FAILED']]);
  });
});

describe('an output that no one reads', () => {
  const lost = [
    '"$@" | true; exit ${PIPESTATUS[0]}',
    '"$@" >&- 2>&-',
    '"$@" >/dev/full',
    '"$@" >/dev/full 2>&1',
    '"$@" 2>&1 | head -c 1 >/dev/null; exit ${PIPESTATUS[0]}',
  ];

  it.each(lost)('changes neither what pikit-update does nor its exit code: %s', async (shell) => {
    const { on, server } = await onSite(['1.0.0', '1.1.0']);
    const act = (...args: string[]): Promise<Ended> => run('pikit-update', on.root, { args, through: ['bash', '-c', shell, 'bash'] });
    for (const args of [['check'], ['check', '--json'], ['plan'], ['apply']]) expect((await act(...args)).code).toBe(0);
    expect(on.files.readVersion()).toBe('1.1.0');
    for (const args of [['status'], ['history', '--json'], ['help'], ['rollback']]) expect((await act(...args)).code).toBe(0);
    expect(on.files.readVersion()).toBe('1.0.0');
    expect((await act('auto', 'off')).code).toBe(0);
    expect(on.files.readSettings().auto).toBe('off');
    expect((await act('nonsense')).code).toBe(2);
    await server.close();
    expect((await act('check')).code).toBe(1);
  });

  it.each(lost)('changes neither what pikit-release does nor its exit code: %s', async (shell) => {
    const base = temporary();
    const act = (...args: string[]): Promise<Ended> => run('pikit-release', null, { args, cwd: base, through: ['bash', '-c', shell, 'bash'] });
    writeTree(join(base, 'tree'), dashboard('1.0.0'));
    expect((await act('init', '--site', 'site', '--unsigned')).code).toBe(0);
    expect((await act('build', '--site', 'site', '--from', 'tree', '--version', '1.0.0')).code).toBe(0);
    expect((await act('publish', '--site', 'site', '--to', 'public')).code).toBe(0);
    expect(fs.existsSync(join(base, 'public/manifest.json'))).toBe(true);
    expect((await act('verify', '--site', 'site')).code).toBe(0);
    expect((await act('nonsense')).code).toBe(2);
  });
});
