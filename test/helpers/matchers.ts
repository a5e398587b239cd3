import { expect } from 'vitest';

/** expect.stringMatching with a type that lint accepts inside other objects. */
export function matching(pattern: RegExp | string): unknown {
  return expect.stringMatching(pattern);
}

/** expect.stringContaining with a type that lint accepts inside other objects. */
export function containing(text: string): unknown {
  return expect.stringContaining(text);
}

/** expect.arrayContaining for one item, of which an object names only some keys. */
export function including(item: unknown): unknown {
  const wanted: unknown = typeof item === 'object' && item !== null ? expect.objectContaining(Object.fromEntries(Object.entries(item))) : item;
  return expect.arrayContaining([wanted]);
}

/** The keys of a JSON object, in order. */
export function jsonKeys(bytes: Uint8Array): string[] {
  const value: unknown = JSON.parse(Buffer.from(bytes).toString());
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}
