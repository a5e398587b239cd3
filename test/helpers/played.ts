/** A played device for tests, whose time passes only when the test says so. */
import fs from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openApiDocument } from '../../lib/core/http-api/openapi.ts';
import { webFiles } from '../../lib/io/api/web-files.ts';
import type { DevServer } from '../../lib/mock/dev-server.ts';
import { serveMock } from '../../lib/mock/dev-server.ts';
import type { MockClock } from '../../lib/mock/player.ts';
import type { MockStates } from '../../lib/mock/states.ts';
import { mockStates } from '../../lib/mock/states.ts';
import { temporary } from './device.ts';

export interface HandClock extends MockClock {
  /** Lets time pass, and calls what is due on the way. */
  pass: (ms: number) => void;
}

/** When the file of mock states is told. */
export const BEGUN = new Date('2026-11-22T09:01:00.000Z');

export function handClock(begun = BEGUN): HandClock {
  let now = begun.getTime();
  const due = new Set<{ at: number; call: () => void }>();
  return {
    now: () => new Date(now),
    after: (ms, call) => {
      const entry = { at: now + ms, call };
      due.add(entry);
      return () => {
        due.delete(entry);
      };
    },
    pass: (ms) => {
      const end = now + ms;
      for (;;) {
        const [next] = [...due].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
        if (next === undefined) break;
        due.delete(next);
        now = next.at;
        next.call();
      }
      now = end;
    },
  };
}

export function mockFile(): unknown {
  return JSON.parse(fs.readFileSync('test/fixtures/mock-update-status.json', 'utf8'));
}

export function readMockStates(now?: () => Date): MockStates {
  return mockStates(mockFile(), now);
}

/** The server of `npm run dev`, until the test ends. */
export async function playedServer({ first = 'available', clock = handClock(), port = 0 } = {}): Promise<
  DevServer & { clock: HandClock; warnings: string[] }
> {
  const warnings: string[] = [];
  const server = await serveMock({
    states: readMockStates(clock.now),
    port,
    first,
    dir: join(temporary(), '.'),
    hosts: [],
    webFile: webFiles(join(process.env['PIKIT_TEST_DIST'] ?? 'dist', 'web')),
    openapi: JSON.stringify(openApiDocument('0.0.0')),
    clock,
    warn: (message) => warnings.push(message),
  });
  onTestFinished(server.close);
  return { ...server, clock, warnings };
}
