import { spawn } from 'node:child_process';

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly timeoutMs?: number;
}

export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RawRunResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

const defaultTimeoutMs = 10 * 60_000;

/** Runs a command without a shell and keeps its two outputs apart, bytes as they came. Throws when it cannot start or runs past its deadline. */
export async function runRaw(command: string, args: readonly string[], options: RunOptions = {}): Promise<RawRunResult> {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const deadline = AbortSignal.timeout(timeoutMs);
  const child = spawn(command, args, {
    env: { ...process.env, ...options.env },
    cwd: options.cwd,
    signal: deadline,
    stdio: 'pipe',
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  // A command that does not read its input may be gone before we have written it: its exit code says what matters.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  return await new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      const reason = deadline.aborted ? `still running after ${String(timeoutMs)} ms` : 'cannot start';
      reject(new Error(`${[command, ...args].join(' ')}: ${reason}\n${Buffer.concat([...stdout, ...stderr]).toString()}`, { cause }));
    });
    child.once('close', (code) => {
      resolve({ exitCode: code ?? -1, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() });
    });
  });
}

/** As runRaw, with the output as text. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { exitCode, stdout, stderr } = await runRaw(command, args, options);
  return { exitCode, stdout: stdout.toString(), stderr };
}

/** Runs a command that has to succeed, and gives its standard output; throws with everything it said otherwise. */
export async function must(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await run(command, args, options);
  if (exitCode !== 0) {
    throw new Error(`${[command, ...args].join(' ')}: exit status ${String(exitCode)}\n${stdout}${stderr}`);
  }
  return stdout;
}

/** Whether the command runs and succeeds. For probes only: why it did not is lost. */
export async function succeeds(command: string, args: readonly string[], options: RunOptions = {}): Promise<boolean> {
  try {
    return (await run(command, args, options)).exitCode === 0;
  } catch {
    return false;
  }
}
