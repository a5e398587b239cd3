/** The API in this process, on a socket of its own, over a backend that does what a test says. */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createApp } from '../../../lib/api/app.ts';
import type { ApiDeps, Backend } from '../../../lib/api/deps.ts';
import type { ApiServer } from '../../../lib/api/server.ts';
import { serveApi } from '../../../lib/api/server.ts';
import type { Client } from '../../helpers/api-server.ts';
import { clientOf } from '../../helpers/api-server.ts';
import { run, status } from './a-run.ts';

export interface Served extends Client {
  server: ApiServer;
  warned: string[];
  /** Tells watchers that the status may have changed. */
  change: () => void;
}

export async function served(backend: Partial<Backend> = {}, more: Partial<ApiDeps> & { idleMs?: number } = {}): Promise<Served> {
  const dir = fs.mkdtempSync(join(tmpdir(), 'pikit-served-'));
  const warned: string[] = [];
  const watchers = new Set<() => void>();
  const deps: ApiDeps = {
    backend: {
      status: () => Promise.resolve(status()),
      watch: (onChange) => {
        watchers.add(onChange);
        return Promise.resolve(() => watchers.delete(onChange));
      },
      check: () => Promise.resolve(run({ kind: 'check' })),
      apply: () => Promise.resolve(run()),
      rollback: () => Promise.resolve(run({ kind: 'rollback' })),
      cancel: () => Promise.resolve({ cancelled: [], result: null }),
      auto: () => Promise.resolve({ auto: 'check', time: '04:20', next_check: null }),
      setAuto: ({ auto, time }) => Promise.resolve({ auto: auto ?? 'check', time: time ?? '04:20', next_check: null }),
      branches: () => Promise.resolve({ selected: 'stable', used: 'stable', why: 'selected', message: null, branches: [], notices: [] }),
      branch: () => Promise.resolve({ following: { selected: 'stable', used: 'stable', why: 'selected', message: null }, run: null }),
      skip: (version) => Promise.resolve({ skipped_version: version }),
      dismiss: () => Promise.resolve({ dismissed: [] }),
      plan: () => Promise.resolve({ plan: null, reason: 'nothing is known yet' }),
      history: () => Promise.resolve({ history: [] }),
      ...backend,
    },
    journal: null,
    openapi: '{"openapi":"3.1.0"}',
    webFile: () => null,
    now: () => new Date(),
    warn: (message) => warned.push(message),
    hosts: () => ['localhost', '127.0.0.1'],
    token: () => null,
    limits: { heartbeatMs: 15_000, streams: 8, bufferedBytes: 64 * 1024 },
    ...more,
  };
  const socketPath = join(dir, 'api.sock');
  const server = await serveApi(createApp(deps), deps, [{ path: socketPath }], more.idleMs ?? null);
  onTestFinished(async () => {
    server.stop();
    await server.ended;
    fs.rmSync(dir, { recursive: true });
  });
  return {
    ...clientOf({ socketPath }),
    server,
    warned,
    change: () => {
      for (const watcher of watchers) watcher();
    },
  };
}
