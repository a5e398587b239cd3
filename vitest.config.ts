import { defineConfig } from 'vitest/config';

/**
 * How long a test waits for what has to come. A test fails by what it saw: this only ends one that waits for what never comes,
 * so it is long enough for a machine with ten times the work that it can do.
 */
const WAIT_MS = 120_000;

export default defineConfig({
  test: {
    projects: [
      // What is in core takes values and gives values: its tests can share a process, which saves three quarters of their time.
      {
        test: {
          name: 'unit-core',
          include: ['test/unit/core/**/*.test.ts'],
          isolate: false,
          testTimeout: 300_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          exclude: ['test/unit/core/**'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          expect: { poll: { timeout: WAIT_MS } },
          // Built programs are started in many of them: a third would only wait for the two cores that there are.
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'attack',
          include: ['test/attack/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 300_000,
          expect: { poll: { timeout: WAIT_MS } },
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'web',
          include: ['test/web/**/*.test.ts'],
          globalSetup: ['test/helpers/webbed.ts'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          expect: { poll: { timeout: WAIT_MS, interval: 25 } },
          // A browser each.
          maxWorkers: 2,
        },
      },
      // Slow: every kill, error, power cut and mutant that the transaction has to survive.
      {
        test: {
          name: 'crash',
          include: ['test/crash/**/*.test.ts'],
          globalSetup: ['test/helpers/crashbed.ts'],
          testTimeout: 3_600_000,
          hookTimeout: 600_000,
          maxWorkers: 2,
        },
      },
      // Other suites, with a clock that is ahead.
      {
        test: {
          name: 'calendar',
          include: ['test/calendar/**/*.test.ts'],
          globalSetup: ['test/helpers/crashbed.ts', 'test/helpers/webbed.ts'],
          testTimeout: 7_200_000,
          maxWorkers: 1,
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          globalSetup: ['test/helpers/testbed.ts'],
          expect: { poll: { timeout: WAIT_MS } },
          // Four devices at a time: they wait more than they work.
          maxWorkers: 4,
          testTimeout: 1_200_000,
          hookTimeout: 1_200_000,
        },
      },
    ],
  },
});
