/** A device that is played: everything that the HTTP API asks of a real one, without one. */
import type { Backend } from '../api/deps.ts';
import { decideBranch } from '../core/offer/branch-choice.ts';
import type { StatusAnswer } from '../core/http-api/api-answers.ts';
import { applySkipToState } from '../core/offer/skip-choice.ts';
import { UpdateError } from '../core/errors.ts';
import { closestWord } from '../core/command-line/closest-word.ts';
import type { Receipt, Settings } from '../core/device/state.ts';
import type { MockClock, Player } from './player.ts';
import type { MockStates } from './states.ts';

const HISTORY_MAX = 100;

export function mockBackend(states: MockStates, player: Player, clock: Pick<MockClock, 'now'>): Backend {
  const history: Receipt[] = [];
  const remember = ({ last_result: last }: StatusAnswer): void => {
    if (last === null || last.step === 'check' || history.at(-1) === last) return;
    history.push(last);
    history.splice(0, history.length - HISTORY_MAX);
  };
  remember(player.status());
  player.watch(remember);

  function choose(change: Partial<Settings>): void {
    const status = player.status();
    player.show(applySkipToState({ ...status, settings: { ...status.settings, ...change } }));
  }

  const autoAnswer: Backend['auto'] = () => {
    const { auto, time } = player.status().settings;
    return Promise.resolve({ auto, time, next_check: auto === 'off' ? null : nextAt(time, clock.now()).toISOString() });
  };

  return {
    status: () => Promise.resolve(player.status()),
    watch: (onChange) => Promise.resolve(player.watch(onChange)),
    check: () => promised(() => player.start('check', 'owner')),
    apply: (version, { sha256 = null } = {}) =>
      promised(() => {
        assertOffered(player.status(), version, sha256);
        return player.start('update', 'owner', player.status().available === null ? 'nothing' : undefined);
      }),
    rollback: () => promised(() => player.start('rollback', 'owner', player.status().rollback.is === 'none' ? 'NO_BACKUP' : undefined)),
    cancel: () =>
      promised(() => {
        const { run } = player.status();
        const running = run?.state === 'running' ? run.steps.filter(({ state }) => state === 'running').map(({ step }) => step) : [];
        const last = running.find((step) => step === 'rollback' || step === 'recover');
        if (last !== undefined) {
          throw new UpdateError('BUSY', `cannot cancel a ${last === 'rollback' ? 'rollback' : 'recovery'}`, {
            hint: 'wait until it finishes; it restores the old files',
          });
        }
        return { cancelled: running, result: player.cancel()?.last_result ?? null };
      }),
    auto: autoAnswer,
    setAuto: ({ auto, time }) => {
      choose({ ...(auto === null ? {} : { auto }), ...(time === null ? {} : { time }) });
      return autoAnswer();
    },
    branches: () => {
      const { following, notices, unsigned } = player.status();
      const { selected, used, why } = following;
      const branches = states.branches
        .map(({ keys, ...branch }) => ({ ...branch, ...(unsigned || keys === undefined ? {} : { keys }) }))
        .map((branch) => ({ ...branch, selected: branch.name === selected, used: branch.name === used }))
        // What is followed is listed, and as it is there.
        .filter((branch) => !branch.selected || !/^(not-listed|no-list|not-known)$/.test(why))
        .map((branch) => ({ ...branch, enabled: branch.enabled && !(branch.selected && why === 'disabled') }));
      return Promise.resolve({ ...following, branches, notices });
    },
    branch: (name) =>
      promised(() => {
        if (player.status().following.selected === name) return { following: player.status().following, run: null };
        const following = followingOf(states, name);
        choose({ branch: name });
        player.show({ ...player.status(), branch: following.used ?? name, following, run: null, progress: null });
        return { following, run: player.start('check', 'owner') };
      }),
    skip: (version) => {
      choose({ skipped_version: version });
      return Promise.resolve({ skipped_version: version });
    },
    dismiss: (id) =>
      promised(() => {
        const status = player.status();
        const dismissed = status.notices.filter((notice) => id === null || notice.id === id);
        if (id !== null && dismissed.length === 0) throw new UpdateError('NOT_FOUND', `there is no notice '${id}'`);
        player.show({ ...status, notices: status.notices.filter((notice) => !dismissed.includes(notice)) });
        return { dismissed };
      }),
    plan: () => {
      const { available, current, staged } = player.status();
      if (available === null) return Promise.resolve({ plan: null, reason: 'no release is available, so there is nothing to plan' });
      const { version, branch, outcome, reason } = available;
      const plan = { ...states.plan, version, route: available.route ?? [version], branch, outcome, reason, from: current, staged: staged !== null };
      return Promise.resolve({ plan: { ...plan, download_bytes: staged === null ? available.bundle_bytes : 0 }, reason });
    },
    history: (limit) => Promise.resolve({ history: history.slice(-limit) }),
  };
}

/** What is thrown on the way rejects. */
async function promised<T>(work: () => T): Promise<T> {
  await Promise.resolve();
  return work();
}

function assertOffered({ available, branch }: StatusAnswer, version: string | null, sha256: string | null): void {
  if (version === null) return;
  if (available?.version === version) {
    if (sha256 === null || sha256 === available.manifest_sha256) return;
    throw new UpdateError('RELEASE_CHANGED', `${version} is not the release that you confirmed: its manifest has changed`, {
      hint: 'review what it changes now and confirm again; nothing was changed',
    });
  }
  throw new UpdateError('NOT_FOUND', `${version} is not available: the branch '${branch}' offers ${available?.version ?? 'nothing that is newer'}`, {
    hint: '`pikit-update rollback` rolls back to the previous release',
  });
}

function followingOf({ branches }: MockStates, selected: string): StatusAnswer['following'] {
  const names = branches.filter(({ visible }) => visible).map(({ name }) => name);
  const near = closestWord(selected, names);
  if (!branches.some(({ name }) => name === selected)) {
    throw new UpdateError('BRANCH_UNKNOWN', `there is no branch '${selected}'`, {
      hint: `${near === null ? '' : `did you mean '${near}'? `}available branches: ${names.join(', ')}`,
    });
  }
  const list = branches.map((branch) => ({ ...branch, linux: true, windows: true, macos: true }));
  const { used, why, message } = decideBranch({ selected, list, answer: 'not-asked' });
  return { selected, used, why, message };
}

function nextAt(time: string, now: Date): Date {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  const next = new Date(now);
  next.setHours(hours, minutes, 0, 0);
  if (next <= now) next.setDate(next.getDate() + 1);
  return next;
}
