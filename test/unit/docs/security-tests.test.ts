/** docs/security-tests.md is the catalogue of attacks: each row names a test that is there, and cases that are in it. */
import fs from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';

interface Row {
  section: string;
  attack: string;
  file: string;
  cases: string[];
}

const ROWS: readonly Row[] = fs
  .readFileSync('docs/security-tests.md', 'utf8')
  .split('\n## ')
  .slice(1)
  .flatMap((text) => {
    const [section = ''] = text.split('\n');
    return [...text.matchAll(/^\| (.+?) +\| .+? +\| `(test\/[^`]+)` +\| (.+?) +\|$/gm)].map(([, attack = '', file = '', cases = '']) => ({
      section,
      attack,
      file,
      cases: cases.split(' · ').map((name) => name.trim().replace(/^`(.*)`$/, '$1')),
    }));
  });

/** As the sources of a test write it. */
const isIn = (source: string, name: string): boolean => source.includes(name) || source.includes(name.replaceAll("'", "\\'"));

describe('the catalogue of attacks', () => {
  it.each(ROWS)('$section: $attack', ({ file, cases }) => {
    expect(fs.existsSync(file), file).toBe(true);
    const source = fs.readFileSync(file, 'utf8');
    expect(cases.filter((name) => !isIn(source, name))).toEqual([]);
  });

  it('names what runs: a suite, or a story that suites on Debian 13 and 12 tell', () => {
    for (const { file } of ROWS) {
      const story = /^test\/system\/stories\/(.*)\.ts$/.exec(file)?.[1];
      const suites = story === undefined ? [file] : ['trixie', 'bookworm'].map((image) => `test/system/${story}.${image}.test.ts`);
      for (const suite of suites) expect(suite.endsWith('.test.ts') && fs.existsSync(suite), suite).toBe(true);
    }
  });

  it('is as long as it says', () => {
    expect(ROWS.length).toBeGreaterThan(120);
    expect(fs.readFileSync('docs/security-tests.md', 'utf8').match(/^\| [^-]/gm)?.length).toBe(
      ROWS.length + new Set(ROWS.map(({ section }) => section)).size,
    );
  });
});

afterAll(() => {
  const counts = new Map<string, [number, number]>();
  for (const { section, cases } of ROWS) {
    const [rows, all] = counts.get(section) ?? [0, 0];
    counts.set(section, [rows + 1, all + cases.length]);
  }
  const text = [...counts].map(([section, [rows, all]]) => `${section}: ${String(rows)} attacks, ${String(all)} cases`).join('; ');
  process.stdout.write(`security: ${text}\n`);
});
