/** Tokens, versions and the history: what is no JSON document. */
import fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { DevicePaths } from '../../../../lib/core/device/paths.ts';
import { devicePaths, tokenPath } from '../../../../lib/core/device/paths.ts';
import type { Receipt, Token } from '../../../../lib/core/device/state.ts';
import type { StateFiles } from '../../../../lib/io/state/state-files.ts';
import { stateFiles } from '../../../../lib/io/state/state-files.ts';
import { receipt } from '../../../helpers/cli-device.ts';
import { matching } from '../../../helpers/matchers.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

const TOKEN: Token = { run: 'r', until: 'apply', by: 'timer' };
let dir = '';
let paths: DevicePaths;
let files: StateFiles;
let reports: string[];
beforeEach(() => {
  dir = folderOfTest('state');
  paths = devicePaths(dir);
  reports = [];
  files = stateFiles(paths, (message) => reports.push(message));
});

function put(path: string, content: string | Buffer): void {
  fs.mkdirSync(join(path, '..'), { recursive: true });
  fs.writeFileSync(path, content);
}

describe('tokens', () => {
  it('are left, and taken once', () => {
    files.leaveToken('apply', TOKEN);
    fs.renameSync(tokenPath(paths, 'next', 'apply'), tokenPath(paths, 'granted', 'apply'));
    expect(files.takeToken('apply')).toEqual(TOKEN);
    expect(files.takeToken('apply')).toBeNull();
    expect(files.takeToken('fetch')).toBeNull();
  });

  it('can be taken back', () => {
    files.leaveToken('rollback', TOKEN);
    files.dropToken('rollback');
    files.dropToken('rollback');
    expect(fs.readdirSync(join(paths.orders, 'next'))).toEqual([]);
  });

  it('grant the least when they are damaged: one that is there says that no start was by hand', () => {
    for (const [step, text] of [
      ['fetch', ''],
      ['apply', '{"run":"x","until":"everything","by":"mallory"}'],
      ['rollback', '{"run":"x","until":"rollback"'],
    ] as const) {
      put(tokenPath(paths, 'granted', step), text);
      expect(files.takeToken(step)).toEqual({ run: 'unknown', until: step, by: step === 'rollback' ? 'apply' : 'timer' });
      expect(files.takeToken(step)).toBeNull();
    }
    expect(fs.readdirSync(paths.granted)).toEqual(['fetch.damaged']);
    expect(fs.readdirSync(join(paths.orders, 'granted'))).toEqual(['apply.damaged', 'rollback.damaged']);
    expect(reports).toHaveLength(3);
  });
});

describe('versions', () => {
  it.each([
    ['plain', '1.2.3\n', '1.2.3'],
    ['without-newline', '1.2.3', '1.2.3'],
    ['with-blanks', ' 1.2.3-rc.1 \n\n', '1.2.3-rc.1'],
  ])('are read: %s', (_name, text, version) => {
    put(paths.version, text);
    expect([files.readVersion(), reports]).toEqual([version, []]);
  });

  it.each([
    ['empty', ''],
    ['words', 'unknown'],
    ['two-lines', '1.2.3\n1.2.4\n'],
    ['nul', '\0\0\0'],
    ['long', 'x'.repeat(1000)],
  ])('that are none count as none, and that is said: %s', (_name, text) => {
    put(paths.version, text);
    expect(files.readVersion()).toBeNull();
    expect(reports).toEqual([expect.stringMatching(/^ignoring '.*version': it contains '.{0,64}' instead of a version$/s)]);
  });

  it.each<[string, RegExp, () => void]>([
    [
      'directory',
      /^ignoring '.*version': it is a directory$/,
      () => {
        fs.mkdirSync(paths.version, { recursive: true });
      },
    ],
    [
      'link',
      /^ignoring '.*version': it is a symbolic link$/,
      () => {
        put(join(dir, 'elsewhere'), '1.2.3');
        fs.mkdirSync(join(paths.version, '..'), { recursive: true });
        fs.symlinkSync(join(dir, 'elsewhere'), paths.version);
      },
    ],
    [
      'hole',
      /^ignoring '.*version': it has \d+ bytes, 4096 are allowed$/,
      () => {
        put(paths.version, '');
        fs.truncateSync(paths.version, 3 * 1024 ** 3);
      },
    ],
  ])('that are no files count as none, and stay where they are: %s', (_name, says, make) => {
    make();
    expect(files.readVersion()).toBeNull();
    expect(reports).toEqual([matching(says)]);
    expect(fs.lstatSync(paths.version)).toBeDefined();
  });
});

describe('history', () => {
  const of = (tx: string | null, fields: Partial<Receipt> = {}): Receipt => receipt({ tx, ...fields });

  it('keeps receipts in order, private', () => {
    expect(files.readHistory()).toEqual([]);
    files.appendHistory(of('a'));
    files.appendHistory(of('b', { message: 'two\nlines' }));
    expect(files.readHistory()).toEqual([of('a'), of('b', { message: 'two\nlines' })]);
    expect(fs.statSync(paths.history).mode & 0o777).toBe(0o600);
    expect(fs.statSync(paths.privateDir).mode & 0o777).toBe(0o700);
  });

  it('has one receipt for an outcome of a transaction, and any number without one', () => {
    for (let times = 0; times < 2; times += 1) {
      files.appendHistory(of('a'));
      files.appendHistory(of('a', { outcome: 'rolled-back' }));
      files.appendHistory(of(null));
    }
    expect(files.readHistory().map(({ tx, outcome }) => `${String(tx)} ${outcome}`)).toEqual(['a ok', 'a rolled-back', 'null ok', 'null ok']);
  });

  it('survives a torn last line, which stays alone', () => {
    files.appendHistory(of('a'));
    fs.appendFileSync(paths.history, '{"step":"app');
    files.appendHistory(of('b'));
    expect(files.readHistory().map(({ tx }) => tx)).toEqual(['a', 'b']);
    expect(fs.readFileSync(paths.history, 'utf8').split('\n')[1]).toBe('{"step":"app');
  });

  it('leaves out what it cannot read', () => {
    put(paths.history, `garbage\n\n${JSON.stringify(of('a'))}\n{"step":1}\n${'['.repeat(100_000)}\n`);
    expect(files.readHistory()).toEqual([of('a')]);
  });

  it('can be read from its end, whatever is damaged there', () => {
    for (const tx of ['a', 'b', 'c']) files.appendHistory(of(tx));
    fs.appendFileSync(paths.history, '{"step":"app');
    expect(files.readHistory(2).map(({ tx }) => tx)).toEqual(['b', 'c']);
    expect(files.readHistory(9).map(({ tx }) => tx)).toEqual(['a', 'b', 'c']);
    expect(files.readHistory(0)).toEqual([]);
  });

  it.each<[string, () => void]>([
    [
      'directory',
      () => {
        fs.mkdirSync(paths.history, { recursive: true });
      },
    ],
    [
      'link',
      () => {
        fs.mkdirSync(paths.privateDir, { recursive: true });
        fs.symlinkSync('nothing', paths.history);
      },
    ],
    [
      'hole',
      () => {
        put(paths.history, '');
        fs.truncateSync(paths.history, 3 * 1024 ** 3);
      },
    ],
  ])('is begun anew beside what is no history: %s', (_name, make) => {
    make();
    files.appendHistory(of('a'));
    expect(files.readHistory()).toEqual([of('a')]);
    expect(fs.readdirSync(paths.privateDir).toSorted()).toEqual(['history.jsonl', 'history.jsonl.damaged']);
    expect(reports).toEqual([matching(/^the history .*; moved it to '.*history\.jsonl\.damaged' and started a new one$/)]);
  });

  it('keeps the newest hundred when it grows too large', () => {
    const lines = Array.from({ length: 300 }, (_value, index) => JSON.stringify(of(String(index), { message: 'x'.repeat(1000) })));
    put(paths.history, `${lines.join('\n')}\n`);
    files.appendHistory(of('new'));
    const kept = files.readHistory().map(({ tx }) => tx);
    expect([kept.length, kept[0], kept.at(-2), kept.at(-1)]).toEqual([100, '201', '299', 'new']);
    expect(fs.statSync(paths.history).mode & 0o777).toBe(0o600);
  });
});
