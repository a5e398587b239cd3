/** The runner around every step (scripts/run-step.ts): lock, exit codes, words, receipts. With a step of our own, as a process. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundledScript } from '../../helpers/bundled-script.ts';
import type { Device } from '../../helpers/device.ts';
import { device } from '../../helpers/device.ts';
import { sameClock } from '../../helpers/faketime.ts';
import { matching } from '../../helpers/matchers.ts';

const SOURCE = `
import { UpdateError } from './lib/core/errors.ts';
import { sureEnd } from './lib/io/process/sure-end.ts';
import { runStep } from './scripts/run-step.ts';
const fell = new UpdateError('SERVICE_FAILED', "'x.service' fell", { subject: 'x.service', lines: ['one', 'two\\u001b[31m\\nthree'], hint: 'look' });
const acts: Record<string, (deps: any) => any> = {
  done: () => ({ outcome: 'ok', message: 'all done', from: '1.0.0', to: '1.1.0' }),
  recorded: () => ({ outcome: 'ok', message: 'all done', recorded: true }),
  defect: () => { throw new TypeError("cannot read 'x' of nothing"); },
  usage: () => { throw new UpdateError('USAGE', 'no such thing', { hint: 'another' }); },
  fell: () => { throw fell; },
  told: () => ({ outcome: 'failed', failure: fell, recorded: true }),
  late: (deps) => { process.emit('SIGTERM'); return acts['done']?.(deps); },
  stopped: (deps) => { process.emit('SIGTERM'); throw new UpdateError('CANCELLED', deps.signal.aborted ? 'stopped' : 'not told', { hint: 'again' }); },
  dry: () => new Promise(() => undefined),
  breath: async (deps) => { await deps.breathe(); return acts['dry']?.(deps); },
  thrown: () => { setImmediate(() => { throw new TypeError('out of nowhere'); }); return new Promise(() => setInterval(() => undefined, 3_600_000)); },
  rejected: () => { void Promise.reject(new Error('by no one')); return new Promise(() => setInterval(() => undefined, 3_600_000)); },
  lost: async (deps) => { await sureEnd('the answer', () => acts['dry']?.(deps)).catch((error) => { deps.log.info('undone: ' + error.message); throw error; }); },
  progress: (deps) => { deps.report({ phase: 'trying' }); console.log(JSON.stringify(deps.files.readProgress())); return acts['done']?.(deps); },
};
void runStep({ step: 'apply', summary: 'tries', lockWaitMs: 0, body: async (deps) => await acts[process.env['ACT'] ?? '']?.(deps) });
`;

let dir = '';
let script = '';

beforeAll(() => {
  dir = fs.mkdtempSync(join(fs.existsSync('/dev/shm') ? '/dev/shm' : '/tmp', 'pikit-runner-'));
  script = bundledScript(dir, 'runner', SOURCE);
});

afterAll(() => {
  fs.rmSync(dir, { recursive: true, force: true });
});

async function act(
  on: Device,
  name: string,
  through: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; out: string; err: string }> {
  const [command, ...args] = [...through, process.execPath, script];
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'], ...sameClock(), PIKIT_ROOT: on.root, ACT: name, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.err += text));
  return await new Promise((resolve) => {
    child.on('close', (code) => {
      resolve({ code, ...texts });
    });
  });
}

describe('the runner', () => {
  it.each([
    ['done', 0, 'all done\n', ''],
    ['late', 0, 'all done\n', ''],
    ['defect', 1, '', /^error: cannot read 'x' of nothing \[INTERNAL\]\nhint: this is a bug in the updater; please report it .*\n$/],
    ['usage', 2, '', 'error: no such thing [USAGE]\nhint: another\n'],
    ['fell', 1, 'x.service wrote: one\nx.service wrote: two [31m three\n', "error: 'x.service' fell [SERVICE_FAILED]\nhint: look\n"],
    ['told', 1, /^x\.service wrote: one\n/, "error: 'x.service' fell [SERVICE_FAILED]\nhint: look\n"],
    ['stopped', 143, '', 'error: stopped [CANCELLED]\nhint: again\n'],
  ] as const)('says once how a step has ended, and with which code: %s', async (name, code, out, err) => {
    const shape = (text: string | RegExp): unknown => (typeof text === 'string' ? text : matching(text));
    expect(await act(device(), name)).toEqual({ code, out: shape(out), err: shape(err) });
  });

  it.each([
    ['dry', '', 'the step apply did not end, and nothing is left to wait for'],
    ['breath', '', 'the step apply did not end, and nothing is left to wait for'],
    ['lost', 'undone: the answer did not end, and nothing is left to wait for\n', 'the answer did not end, and nothing is left to wait for'],
    ['thrown', '', 'out of nowhere'],
    ['rejected', '', 'by no one'],
  ])('fails, and never ends without a word: %s', async (name, out, message) => {
    const on = device();
    const ended = await act(on, name);
    expect(ended).toMatchObject({ code: 1, out });
    expect(ended.err).toContain(`error: ${message} [INTERNAL]\nhint: this is a bug in the updater`);
    expect(on.files.readState().last_result).toMatchObject({ outcome: 'failed', code: 'INTERNAL', message });
    expect(on.files.readHistory()).toHaveLength(1);
    expect(await act(on, 'done')).toMatchObject({ code: 0 });
  });

  it.each([
    ['the reader of both is gone', '"$@" 2>&1 | true; exit ${PIPESTATUS[0]}', ''],
    ['both are closed', '"$@" >&- 2>&-', ''],
    ['the disk is full', '"$@" >/dev/full', 'warning: failed to write the output, ignoring: ENOSPC: no space left on device, write\n'],
    ['both disks are full', '"$@" >/dev/full 2>&1', ''],
  ])('does its work to the end when its output is lost: %s', async (_name, shell, err) => {
    const on = device();
    expect(await act(on, 'done', ['bash', '-c', shell, 'bash'])).toEqual({ code: 0, out: '', err });
    expect(on.files.readState().last_result).toMatchObject({ outcome: 'ok' });
    expect(await act(on, 'fell', ['bash', '-c', shell, 'bash'])).toMatchObject({ code: 1, out: '' });
    expect(on.files.readState().last_result).toMatchObject({ code: 'SERVICE_FAILED' });
  });

  it.each([
    ['done', 'ok', 0],
    ['recorded', null, 0],
    ['defect', 'failed', 1],
    ['fell', 'failed', 1],
    ['told', null, 0],
    ['stopped', 'cancelled', 1],
  ] as const)('leaves a receipt, unless the transaction has: %s', async (name, outcome, lines) => {
    const on = device();
    await act(on, name);
    expect(on.files.readState().last_result?.outcome ?? null).toBe(outcome);
    expect(on.files.readHistory()).toHaveLength(lines);
  });

  it('is busy (75) when another step has the lock, and touches nothing then', async () => {
    const on = device();
    fs.mkdirSync(on.at('/run'));
    const ended = await act(on, 'done', ['flock', on.paths.lock]);
    expect(ended).toEqual({
      code: 75,
      out: '',
      err: matching(/^error: another update step is running \('.*' is locked\) \[BUSY\]\nhint: wait until it has ended: .*\n$/),
    });
    expect(fs.existsSync(on.paths.state)).toBe(false);
    expect(await act(on, 'done')).toMatchObject({ code: 0 });
  });

  it('does not leave to a later run what was granted to one that was busy', async () => {
    const on = device();
    fs.mkdirSync(`${on.paths.orders}/granted`, { recursive: true });
    fs.writeFileSync(`${on.paths.orders}/granted/apply`, JSON.stringify({ run: 'of-the-timer', until: 'apply', by: 'timer' }));
    expect(await act(on, 'done', ['flock', on.paths.lock])).toMatchObject({ code: 75 });
    expect(fs.readdirSync(`${on.paths.orders}/granted`)).toEqual([]);
  });

  it('shows progress while it runs, and takes it away', async () => {
    const on = device();
    const { out } = await act(on, 'progress');
    expect(JSON.parse(out.split('\n')[0] ?? '')).toMatchObject({ step: 'apply', phase: 'trying', can_cancel: false });
    expect(fs.existsSync(on.paths.progress)).toBe(false);
  });

  it('gives each line its priority when the journal reads it, all on one stream', async () => {
    const on = device();
    const log = join(dir, 'log');
    fs.writeFileSync(log, '');
    const { dev, ino } = fs.statSync(log);
    const into = ['sh', '-c', `exec "$@" >>'${log}'`, 'sh'];
    const ended = await act(on, 'fell', into, { JOURNAL_STREAM: `${String(dev)}:${String(ino)}` });
    expect(ended).toEqual({ code: 1, out: '', err: '' });
    expect(fs.readFileSync(log, 'utf8')).toBe("<3>'x.service' fell [SERVICE_FAILED]\n<3>hint: look\n");
  });
});
