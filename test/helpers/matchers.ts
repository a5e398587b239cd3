import { expect } from 'vitest';

/** expect.stringMatching with a type that lint accepts inside other objects. */
export function matching(pattern: RegExp | string): unknown {
  return expect.stringMatching(pattern);
}

/** expect.stringContaining with a type that lint accepts inside other objects. */
export function containing(text: string): unknown {
  return expect.stringContaining(text);
}

/** The keys of a JSON object, in order. */
export function jsonKeys(bytes: Uint8Array): string[] {
  const value: unknown = JSON.parse(Buffer.from(bytes).toString());
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}
