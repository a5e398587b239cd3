import { describe, expect, it } from 'vitest';
import type { StatusAnswer } from '../../../lib/core/http-api/api-answers.ts';
import { player } from '../../../lib/mock/player.ts';
import { handClock, readMockStates } from '../../helpers/played.ts';

const STATES = readMockStates();

function play(first = 'available') {
  const clock = handClock();
  const playing = player(STATES, first, clock);
  const seen: StatusAnswer[] = [];
  const unwatch = playing.watch((status) => seen.push(status));
  return { clock, playing, seen, unwatch };
}

describe('a run', () => {
  it('goes on as time passes, is told of, and ends', () => {
    const { clock, playing, seen } = play();
    const run = playing.start('update', 'timer');
    expect(run).toMatchObject({ state: 'running', by: 'timer', phase: 'downloading', percent: 0 });
    expect(seen).toHaveLength(1);
    clock.pass(3000);
    expect(playing.status().progress).toMatchObject({ phase: 'downloading', percent: 50 });
    clock.pass(8000);
    expect(playing.status().progress?.phase).toBe('checking-health');
    clock.pass(60_000);
    expect(playing.status()).toMatchObject({ current: '1.5.0', progress: null, run: { id: run.id, state: 'ended', percent: 100 } });
    expect(seen.at(-1)).toBe(playing.status());
    const told = seen.length;
    clock.pass(60_000);
    expect(seen).toHaveLength(told);
  });

  it('ends as the script says, at the speed that it says', () => {
    const { clock, playing } = play();
    playing.script({ end: 'PROBE_FAILED', speed: 10 });
    playing.start('update', 'owner');
    clock.pass(1400);
    expect(playing.status().run).toMatchObject({ state: 'ended', outcome: 'rolled-back', code: 'PROBE_FAILED' });
    playing.script({ end: 'ok' });
    expect(playing.start('check', 'owner').id).not.toBe(playing.status().last_result?.tx);
    clock.pass(200);
    expect(playing.status().run).toMatchObject({ kind: 'check', outcome: 'ok' });
  });

  it('is the only one', () => {
    const { playing } = play();
    playing.start('check', 'owner');
    expect(() => playing.start('update', 'owner')).toThrow(expect.objectContaining({ code: 'BUSY' }));
  });

  it('does not take an end that is none', () => {
    const { playing } = play();
    expect(() => {
      playing.script({ end: 'SITE_INVALID' });
    }).toThrow(expect.objectContaining({ code: 'NOT_FOUND', message: 'no step ends with SITE_INVALID' }));
    expect(playing.start('check', 'owner').state).toBe('running');
  });
});

describe('stopping', () => {
  it('ends what is played, where it is', () => {
    const { clock, playing, seen } = play();
    playing.start('update', 'owner');
    clock.pass(1000);
    expect(playing.cancel()).toMatchObject({ run: { state: 'ended', outcome: 'cancelled' }, last_result: { step: 'fetch' } });
    const told = seen.length;
    clock.pass(60_000);
    expect(seen).toHaveLength(told);
    expect(playing.cancel()).toBeNull();
  });

  it('ends what a state shows, too', () => {
    const { playing } = play('downloading');
    expect(playing.cancel()?.run).toMatchObject({ state: 'ended', outcome: 'cancelled', kind: 'update' });
  });

  it('is what another state does', () => {
    const { clock, playing } = play();
    playing.start('update', 'owner');
    playing.show(STATES.state('broken'));
    clock.pass(60_000);
    expect(playing.status()).toEqual(STATES.state('broken'));
  });
});

it('tells no watcher that has left', () => {
  const { playing, seen, unwatch } = play();
  unwatch();
  playing.show(STATES.state('broken'));
  expect(seen).toEqual([]);
});
