import { expect, it } from 'vitest';
import { AUTO_CHOICES } from '../../../../lib/core/device/state.ts';
import { RunStep } from '../../../../lib/core/run/run.ts';
import { Receipt } from '../../../../lib/core/device/state.ts';
import { en } from '../../../../web/strings/en.ts';

it('has a text for every step, outcome, state of a step, and choice', () => {
  expect(Object.keys(en.steps).toSorted()).toEqual([...Receipt.shape.step.options].toSorted());
  expect(Object.keys(en.auto).toSorted()).toEqual([...AUTO_CHOICES].toSorted());
  for (const name of [...Receipt.shape.outcome.options, ...RunStep.shape.state.options]) expect(en.outcomes).toHaveProperty(name);
});

it('has a text for every phase that the documents name', async () => {
  const { readFileSync } = await import('node:fs');
  const row = /^\| `phase` .*$/m.exec(readFileSync('docs/api.md', 'utf8'))?.[0] ?? '';
  const phases = [...row.matchAll(/`([a-z-]+)`/g)].map(([, phase]) => phase).filter((phase) => phase !== 'phase' && phase !== 'null');
  expect(phases.length).toBeGreaterThan(10);
  expect(Object.keys(en.phases).filter((phase) => phase !== 'waiting')).toEqual(phases);
});

it('counts one thing, and more than one', () => {
  expect([en.plan.files(0), en.plan.files(1), en.plan.files(2)]).toEqual(['0 files', '1 file', '2 files']);
});

it('has the names that docs and tests go by', () => {
  expect(en.button).toMatchObject({
    check: 'Check now',
    download: 'Download and install',
    install: 'Install',
    cancel: 'Cancel',
    logs: 'View logs',
    skip: 'Skip this version',
    retry: 'Try again',
    reload: 'Reload',
    close: 'Close',
    dismiss: 'Dismiss',
    no: 'No',
  });
  expect(en.yes).toEqual({ apply: 'Yes, install', rollback: 'Yes, roll back' });
  expect(en.button.goBack('1.3.2')).toBe('Roll back to 1.3.2');
  expect(Object.values(en.heading)).toEqual(
    expect.arrayContaining(['Available', 'What will change', 'Branch', 'Automatic updates', 'Previous version', 'Logs', 'History']),
  );
});
