import fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { devicePaths } from '../../../../lib/core/device/paths.ts';
import type { NotifyRoute, ProgressChannel } from '../../../../lib/io/systemd/progress-channel.ts';
import { notifyRoute, progressChannel } from '../../../../lib/io/systemd/progress-channel.ts';
import type { Progress } from '../../../../lib/core/device/state.ts';
import type { StateFiles } from '../../../../lib/io/state/state-files.ts';
import { stateFiles } from '../../../../lib/io/state/state-files.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

const FACTS = { step: 'fetch', pid: 7, invocation: null, started: '2026-11-20T10:00:00.000Z' } as const;
let dir = '';
let files: StateFiles;
let told: Progress[] = [];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  dir = folderOfTest('progress');
  told = [];
  files = stateFiles(devicePaths(dir), () => undefined);
});
afterEach(() => {
  vi.useRealTimers();
});

function channel(route: NotifyRoute): ProgressChannel {
  return progressChannel(files, FACTS, { route, now: () => new Date('2026-11-20T10:00:01.000Z'), tell: (progress) => told.push(progress) });
}

describe('notifyRoute', () => {
  it.each<[string, NodeJS.ProcessEnv, NotifyRoute]>([
    ['nothing', {}, { via: 'none' }],
    ['socket', { NOTIFY_SOCKET: '/run/systemd/notify' }, { via: 'none' }],
    ['descriptor', { PIKIT_NOTIFY_FD: '3', NOTIFY_SOCKET: '/run/x' }, { via: 'descriptor', fd: 3 }],
    ['descriptor-empty', { PIKIT_NOTIFY_FD: '', NOTIFY_SOCKET: '/run/x' }, { via: 'none' }],
    ['descriptor-of-a-standard-stream', { PIKIT_NOTIFY_FD: '1' }, { via: 'none' }],
    ['descriptor-not-a-number', { PIKIT_NOTIFY_FD: 'three' }, { via: 'none' }],
    ['descriptor-negative', { PIKIT_NOTIFY_FD: '-1' }, { via: 'none' }],
    ['descriptor-fraction', { PIKIT_NOTIFY_FD: '3.5' }, { via: 'none' }],
  ])('%s', (_name, env, route) => {
    expect(notifyRoute(env)).toEqual(route);
  });
});

describe('progress.json', () => {
  it('has the report, and goes away at the end', () => {
    const { report, close } = channel({ via: 'none' });
    report({ phase: 'downloading', percent: 5, canCancel: true });
    expect(files.readProgress()).toMatchObject({ ...FACTS, phase: 'downloading', percent: 5, can_cancel: true, updated: '2026-11-20T10:00:01.000Z' });
    expect(told).toEqual([files.readProgress()]);
    close();
    expect(files.readProgress()).toBeNull();
  });

  it('is written at most four times a second, but for each new phase', () => {
    const { report } = channel({ via: 'none' });
    const shown = (phase: string, percent: number): unknown => {
      report({ phase, percent });
      return files.readProgress()?.percent;
    };
    expect(shown('a', 1)).toBe(1);
    vi.advanceTimersByTime(249);
    expect(shown('a', 2)).toBe(1);
    vi.advanceTimersByTime(1);
    expect(shown('a', 3)).toBe(3);
    expect(shown('b', 4)).toBe(4);
    expect(shown('b', 5)).toBe(4);
  });

  it('never fails a step', () => {
    fs.writeFileSync(join(dir, 'run'), 'not a folder');
    const { report, close } = channel({ via: 'none' });
    report({ phase: 'a' });
    close();
    expect(fs.readFileSync(join(dir, 'run'), 'utf8')).toBe('not a folder');
  });
});

describe('the status line', () => {
  it('goes to a descriptor, twice a second and for each new phase', () => {
    const fd = fs.openSync(join(dir, 'status'), 'w');
    const { report } = channel({ via: 'descriptor', fd });
    report({ phase: 'downloading', version: '1.0.0', percent: 1 });
    report({ phase: 'downloading', version: '1.0.0', percent: 2 });
    vi.advanceTimersByTime(500);
    report({ phase: 'downloading', version: '1.0.0', percent: 3 });
    report({ phase: 'unpacking' });
    fs.closeSync(fd);
    expect(fs.readFileSync(join(dir, 'status'), 'utf8')).toBe('STATUS=downloading 1.0.0 1%\nSTATUS=downloading 1.0.0 3%\nSTATUS=unpacking\n');
    expect(() => {
      report({ phase: 'descriptor closed' });
    }).not.toThrow();
  });
});
