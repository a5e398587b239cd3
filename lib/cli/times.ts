const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `3 hours ago`, `in 20 minutes`, `just now`: the largest unit that fits. */
export function relativeTime(at: Date, now: Date): string {
  const seconds = (now.getTime() - at.getTime()) / 1000;
  const far = Math.abs(seconds);
  if (far < MINUTE) return seconds < 0 ? 'in a moment' : 'just now';
  const [size, name] = far < HOUR ? [MINUTE, 'minute'] : far < DAY ? [HOUR, 'hour'] : [DAY, 'day'];
  const count = Math.floor(far / size);
  const text = `${String(count)} ${name}${count === 1 ? '' : 's'}`;
  return seconds < 0 ? `in ${text}` : `${text} ago`;
}

/** How long something takes: `40 s`, `3 minutes`. */
export function durationText(seconds: number): string {
  return seconds < 2 * MINUTE ? `${String(seconds)} s` : `${String(Math.round(seconds / MINUTE))} minutes`;
}

/** `2026-11-20 10:04` in the time zone of the device. */
export function localTime(at: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${String(at.getFullYear())}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** Of what has happened: `3 hours ago (2026-11-20 10:04)`. Where that is still to come, one of the two clocks was wrong. */
export function pastTime(at: Date, now: Date): string {
  const aheadMs = at.getTime() - now.getTime();
  return aheadMs < MINUTE * 1000 ? bothTimes(at, aheadMs > 0 ? at : now) : `${localTime(at)}, which is ahead of the clock of this device`;
}

/** Both: `in 3 hours (2026-11-20 10:04)`. */
export function bothTimes(at: Date, now: Date): string {
  return `${relativeTime(at, now)} (${localTime(at)})`;
}
