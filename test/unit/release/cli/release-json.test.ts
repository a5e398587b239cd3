import { describe, expect, it } from 'vitest';
import { releaseJson } from '../../../../lib/release/cli/release-json.ts';
import { releaseBench } from '../../../helpers/signed-site.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();

it('names members as documents do, and writes a moment as text', () => {
  const at = new Date('2026-11-20T10:00:00Z');
  expect(JSON.parse(releaseJson({ sizeBytes: 3, roles: [{ expires: at, isHere: null }] }))).toEqual({
    size_bytes: 3,
    roles: [{ expires: '2026-11-20T10:00:00.000Z', is_here: null }],
  });
});

describe('of every command of a signed site', () => {
  it('has no member that lost its value', async () => {
    const { done } = releaseBench(dir());
    const said = new Map<string, string>();
    for (const line of [
      'init',
      'build --from BASE/tree --version 1.0.0',
      'branch add beta',
      'promote 1.0.0 --from stable --to beta',
      'branch list',
      'key list',
      'key add targets --new-key',
      'key rotate online',
      'refresh',
      'sign',
      'prune',
      'publish --to BASE/public',
      'verify',
      'withdraw 1.0.0 --branch beta',
    ])
      said.set(line, await done(`${line} --site SITE --json`));
    for (const [line, text] of said) expect(`${line}: ${text.match(/^.*\{\}.*$/m)?.[0] ?? 'nothing'}`).toBe(`${line}: nothing`);
    expect(JSON.parse(said.get('key list') ?? '')).toMatchObject({
      roles: [
        { role: 'root', expires: '2031-11-19T10:00:00.000Z' },
        { role: 'targets', expires: '2028-11-19T10:00:00.000Z' },
        { role: 'snapshot', expires: '2027-11-20T10:00:00.000Z' },
        { role: 'timestamp', expires: '2027-11-20T10:00:00.000Z' },
      ],
    });
    expect(JSON.parse(said.get('refresh') ?? '')).toMatchObject({
      roles: [
        { role: 'snapshot', expires: '2027-11-20T10:00:00.000Z' },
        { role: 'timestamp', expires: '2027-11-20T10:00:00.000Z' },
      ],
    });
  });
});
