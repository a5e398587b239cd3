/** What is built for the browser: one small file that needs nothing else, and pages without a line of inline code. */
import fs from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

const DIST = join(process.env['PIKIT_TEST_DIST'] ?? 'dist', 'web');
const SCRIPT = fs.readFileSync(`${DIST}/pikit-updates.js`);
const GERMAN = fs.readFileSync(`${DIST}/pikit-updates.de.js`);

describe('pikit-updates.js', () => {
  it('is smaller than 32 KB, as it is sent compressed', () => {
    expect(gzipSync(SCRIPT, { level: 9 }).length).toBeLessThan(32 * 1024);
  });

  it('needs no other file but that of another language, beside it, and sends requests only to the API', () => {
    const text = SCRIPT.toString().replace('import("./pikit-updates.de.js")', '');
    expect(text).not.toMatch(/\bimport\s*[({"'*]|\bfrom\s*["']|\brequire\(|sourceMappingURL/);
    const addresses = [...text.matchAll(/https?:\/\/[^"'`\s)\\]+/g)].map(([address]) => address);
    expect(addresses.filter((address) => !address.startsWith('http://www.w3.org/'))).toEqual([]);
  });

  it('has no schema of the updater, and no code made from text', () => {
    const text = SCRIPT.toString();
    expect(text).not.toMatch(/\beval\(|new Function|ZodError|safeParse/);
  });

  it('is the one of lit that is for production', () => {
    expect(SCRIPT.toString()).not.toContain('Lit is in dev mode');
  });
});

describe('pikit-updates.de.js', () => {
  it('is small, has the texts alone, and needs nothing', () => {
    expect(gzipSync(GERMAN, { level: 9 }).length).toBeLessThan(5 * 1024);
    expect(GERMAN.toString()).toContain('Jetzt prüfen');
    expect(SCRIPT.toString()).not.toContain('Jetzt prüfen');
    expect(GERMAN.toString()).not.toMatch(/\bimport\b|https?:|customElements/);
  });
});

describe.each(['page.html', 'states.html'])('%s', (name) => {
  const html = fs.readFileSync(`${DIST}/${name}`, 'utf8');

  it('has no inline code and no inline style', () => {
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son[a-z]+=|\sstyle=|javascript:/i);
  });

  it('takes nothing from elsewhere', () => {
    expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  });
});
