/** Results of pikit-release as `--json` prints them. */
import { printableJson } from '../../core/printable.ts';

/** With members named as in every document of ours, and moments as ISO 8601 in UTC. */
export function releaseJson(value: unknown): string {
  return `${printableJson(snakeCased(value), 2)}\n`;
}

function snakeCased(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(snakeCased);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), snakeCased(inner)]),
  );
}
