const SIZE = /^(\d+(?:\.\d+)?)\s*(B|KiB|MiB|GiB|KB|MB|GB)?$/;
const SIZE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  KB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
};
const DURATION = /^(\d+(?:\.\d+)?)\s*(ms|s|min|h)$/;
const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 };

/** Bytes of a size such as `512MiB` or `2048`; null when it is not one. */
export function parseSizeBytes(text: string): number | null {
  const match = SIZE.exec(text.trim());
  const unit = match === null ? undefined : SIZE_UNITS[match[2] ?? 'B'];
  return match === null || unit === undefined ? null : Math.floor(Number(match[1]) * unit);
}

/** Milliseconds of a duration such as `30s`, `10min` or `500ms`; null when it is not one. */
export function parseDurationMs(text: string): number | null {
  const match = DURATION.exec(text.trim());
  const unit = match === null ? undefined : DURATION_UNITS[match[2] ?? ''];
  return match === null || unit === undefined ? null : Math.floor(Number(match[1]) * unit);
}

/** A size for people, in binary units with at most one decimal: `812 B`, `1.3 MiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  for (const unit of ['B', 'KiB', 'MiB']) {
    if (Number(value.toFixed(1)) < 1024) return `${unit === 'B' ? String(value) : value.toFixed(1)} ${unit}`;
    value /= 1024;
  }
  return `${value.toFixed(1)} GiB`;
}

/** `1 file`, `2 files`. */
export function counted(number: number, one: string, many = `${one}s`): string {
  return `${String(number)} ${number === 1 ? one : many}`;
}
