import { expect, test } from 'vitest';
import { startProgram } from '../../../../lib/io/folder-units/local-unit-process.ts';
import { oneshot, unitsFolder } from '../../../helpers/local-units.ts';

const NODE = process.execPath;

/** Runs a script to its end. */
async function run(script: string): Promise<{ exit: unknown; lines: string[] }> {
  const lines: string[] = [];
  const program = await startProgram([NODE, '-e', script], { env: {}, cwd: '/', onLine: (line) => lines.push(line) });
  return { exit: await program.exited, lines };
}

test.each([
  ['exit-0', '', { code: 0, signal: null }],
  ['exit-3', 'process.exit(3)', { code: 3, signal: null }],
  ['signal', "process.kill(process.pid, 'SIGKILL')", { code: null, signal: 'SIGKILL' }],
])('%s', async (_name, script, exit) => {
  expect(await run(script)).toEqual({ exit, lines: [] });
});

test('a last line without its end is delivered, before the exit', async () => {
  expect((await run("process.stdout.write('a\\nb')")).lines).toEqual(['a', 'b']);
});

test('standard output and error keep their order', async () => {
  const folder = unitsFolder({ a: oneshot({ program: 'speaks' }) });
  await folder.units.start('a.service');
  expect(folder.lines).toEqual(Array.from({ length: 50 }, (_, i) => [`a: out ${String(i)}`, `a: err ${String(i)}`]).flat());
});

test('there is no input', async () => {
  expect((await run("console.log(require('node:fs').readFileSync(0, 'utf8') === '')")).lines).toEqual(['true']);
});

test('a program that cannot be run says so, and exits with 203', async () => {
  const lines: string[] = [];
  const program = await startProgram(['/no/such/program'], { env: {}, cwd: '/', onLine: (line) => lines.push(line) });
  expect(await program.exited).toEqual({ code: 203, signal: null });
  expect(lines).toEqual([expect.stringMatching(/^cannot run '\/no\/such\/program': .*ENOENT/)]);
});

test('what a program leaves running is killed with it', async () => {
  // The child holds the output open: the run ends only because the child does.
  const script =
    "require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1e6)'], { stdio: 'inherit' }); process.exit(0)";
  expect((await run(script)).exit).toEqual({ code: 0, signal: null });
});
