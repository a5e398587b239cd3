/** A folder with unit files and small programs, and the local runner on it. */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { LocalUnits, UnitEvent } from '../../lib/io/folder-units/local-units.ts';
import { localUnitRunner } from '../../lib/io/folder-units/local-units.ts';

/** The text of a oneshot service; lines of the form `key=value`. Runs PROGRAM.js, `ok` if none is named. */
export function oneshot(options: { program?: string; unit?: string[]; service?: string[] } = {}): string {
  const exec = `ExecStart=/usr/bin/node /usr/lib/pikit-update/${options.program ?? 'ok'}.js %n`;
  return ['[Unit]', ...(options.unit ?? []), '[Service]', 'Type=oneshot', exec, ...(options.service ?? []), ''].join('\n');
}

/** What the small programs do. Those that stay say `here` first. */
const PROGRAMS = {
  ok: '',
  fail: 'process.exit(3)',
  ends75: 'process.exit(75)',
  stays: "console.log('here'); setInterval(() => undefined, 1e6)",
  'stays-obeys': "process.on('SIGTERM', () => process.exit(0)); console.log('here'); setInterval(() => undefined, 1e6)",
  'stays-deaf': "process.on('SIGTERM', () => console.log('no')); console.log('here'); setInterval(() => undefined, 1e6)",
  dies: "process.kill(process.pid, 'SIGKILL')",
  environment: 'console.log(JSON.stringify(process.env))',
  speaks: 'for (let i = 0; i < 50; i += 1) { process.stdout.write(`out ${i}\\n`); process.stderr.write(`err ${i}\\n`); }',
} as const;

export interface UnitsFolder {
  units: LocalUnits;
  root: string;
  /** `x: started`, `x: ended success` …, in the order of events; unit names without their suffix. */
  events: string[];
  all: UnitEvent[];
  lines: string[];
  /** Resolves when a unit has written a line. */
  wrote: (unit: string, line: string) => Promise<void>;
  touch: (path: string) => void;
}

/** `files` are unit names without `.service`, and their text. Removed after the test, with all that still runs. */
export function unitsFolder(files: Readonly<Record<string, string>>): UnitsFolder {
  const dir = fs.mkdtempSync(join(tmpdir(), 'pikit-local-units-'));
  const [root, unitsDir, distDir] = ['root', 'units', 'dist'].map((name) => join(dir, name));
  if (root === undefined || unitsDir === undefined || distDir === undefined) throw new Error('unreachable');
  for (const made of [root, unitsDir, distDir]) fs.mkdirSync(made);
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(join(unitsDir, name.includes('.') ? name : `${name}.service`), text);
  for (const [name, text] of Object.entries(PROGRAMS)) fs.writeFileSync(join(distDir, `${name}.js`), text);
  const all: UnitEvent[] = [];
  const events: string[] = [];
  const lines: string[] = [];
  let onLine = (): void => undefined;
  const units = localUnitRunner({
    root,
    unitsDir,
    distDir,
    onEvent: (event) => {
      all.push(event);
      events.push(`${event.unit.replace('.service', '')}: ${event.is}${event.is === 'ended' ? ` ${event.run.result}` : ''}`);
    },
    onLine: (unit, line) => {
      lines.push(`${unit.replace('.service', '')}: ${line}`);
      onLine();
    },
  });
  onTestFinished(async () => {
    await units.abandon();
    fs.rmSync(dir, { recursive: true, force: true });
  });
  return {
    units,
    root,
    events,
    all,
    lines,
    wrote: (unit, line) =>
      new Promise((resolve) => {
        onLine = () => {
          if (lines.includes(`${unit}: ${line}`)) resolve();
        };
        onLine();
      }),
    touch: (path) => {
      fs.mkdirSync(join(root, path, '..'), { recursive: true });
      fs.writeFileSync(join(root, path), '');
    },
  };
}
