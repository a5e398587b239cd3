import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, watch } from 'node:fs';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { BedProblem } from './bed-debian.ts';
import { succeeds } from './bed-run.ts';

/** Ends the engine, if it was started here. */
export type StopEngine = () => Promise<void>;

const socket = '/run/docker.sock';
const startTimeoutMs = 60_000;
const stopTimeoutMs = 30_000;

/** Whether a Docker engine answers. */
async function engineAnswers(): Promise<boolean> {
  return await succeeds('docker', ['version', '--format', '{{.Server.Version}}'], { timeoutMs: startTimeoutMs });
}

/** Starts Docker's engine unless one is there; that one is left alone. Throws a BedProblem with the engine's last words when it does not come up. */
export async function ensureEngine(): Promise<StopEngine> {
  if (await engineAnswers()) {
    return () => Promise.resolve();
  }
  if (process.getuid?.() !== 0) {
    throw new BedProblem('no Docker engine answers; start it (systemctl start docker), or run as root');
  }
  const logFolder = await mkdtemp(join(tmpdir(), 'pikit-dockerd-'));
  const logFile = join(logFolder, 'dockerd.log');
  const log = await open(logFile, 'a');
  const deadline = AbortSignal.timeout(startTimeoutMs);
  // Watch first, start second: the socket appears while we look. One left by a killed engine is replaced, which shows too.
  const bound = socketBound(deadline);
  // Detached, so that Ctrl-C on the tests leaves the engine to our own teardown.
  const child = spawn('dockerd', ['--host', `unix://${socket}`], { detached: true, stdio: ['ignore', log.fd, log.fd] });
  const exited = once(child, 'exit').finally(() => log.close());
  await Promise.race([bound, exited]).catch(() => undefined);
  // The connection waits in the socket's queue until the engine serves it.
  if (!(await engineAnswers())) {
    child.kill('SIGTERM');
    const words = (await readFile(logFile, 'utf8')).trim().split('\n').slice(-3).join('\n');
    throw new BedProblem(`dockerd does not come up on this machine, see '${logFile}':\n${words}`);
  }
  child.unref();
  return async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const stopped = once(child, 'exit', { signal: AbortSignal.timeout(stopTimeoutMs) });
      child.ref();
      child.kill('SIGTERM');
      await stopped;
    }
    await rm(logFolder, { recursive: true });
  };
}

async function socketBound(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const watcher = watch(dirname(socket), { signal, persistent: false }, (_event, name) => {
      if (name === basename(socket) && existsSync(socket)) {
        watcher.close();
        resolve();
      }
    });
    watcher.once('error', reject);
    signal.addEventListener('abort', () => {
      reject(new Error(`'${socket}' did not appear`));
    });
  });
}
