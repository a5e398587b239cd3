import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { differences, readDemoTree } from '../../../lib/demo/trees.ts';

function folder(files: Readonly<Record<string, string>>): string {
  const dir = fs.mkdtempSync(join(tmpdir(), 'pikit-trees-'));
  onTestFinished(() => {
    fs.rmSync(dir, { recursive: true });
  });
  for (const [path, text] of Object.entries(files)) {
    fs.mkdirSync(join(dir, path, '..'), { recursive: true });
    fs.writeFileSync(join(dir, path), text);
  }
  return dir;
}

test('a folder that is not there is an empty tree', () => {
  expect(readDemoTree('/no/such/folder')).toEqual(new Map());
});

test('paths are those below the folder, after the prefix', () => {
  const dir = folder({ a: '', 'b/c': '' });
  expect([...readDemoTree(dir, '/x/').keys()].sort()).toEqual(['/x/a', '/x/b/c']);
  expect([...readDemoTree(`${dir}/`, '/x/').keys()].sort()).toEqual(['/x/a', '/x/b/c']);
});

test.each([
  ['nothing', () => undefined, []],
  [
    'bytes',
    (dir: string) => {
      fs.writeFileSync(`${dir}/a`, 'x');
    },
    [/^'a' is 644 [0-9a-f]{64}, not 644 [0-9a-f]{64}$/],
  ],
  [
    'mode',
    (dir: string) => {
      fs.chmodSync(`${dir}/a`, 0o755);
    },
    [/^'a' is 755 /],
  ],
  [
    'type',
    (dir: string) => {
      fs.rmSync(`${dir}/a`);
      fs.symlinkSync('b', `${dir}/a`);
    },
    [/^'a' is symlink to 'b', not 644/],
  ],
  [
    'missing',
    (dir: string) => {
      fs.rmSync(`${dir}/a`);
    },
    [/^'a' is missing$/],
  ],
  [
    'too-many',
    (dir: string) => {
      fs.writeFileSync(`${dir}/z`, '');
    },
    [/^'z' should not be there$/],
  ],
])('differences: %s', (_name, change, expected) => {
  // prettier-ignore
  const [wanted, found] = [folder({ a: '1' }), folder({ a: '1' })];
  for (const dir of [wanted, found]) fs.chmodSync(`${dir}/a`, 0o644);
  change(found);
  const lines = differences(readDemoTree(wanted), readDemoTree(found));
  expect(lines).toHaveLength(expected.length);
  expected.forEach((pattern, i) => {
    expect(lines[i]).toMatch(pattern);
  });
});
