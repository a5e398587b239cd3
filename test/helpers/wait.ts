/** For vi.waitUntil, whose own second is too short for a machine with ten times the work that it can do. */
export const PATIENTLY = { timeout: 120_000 };
