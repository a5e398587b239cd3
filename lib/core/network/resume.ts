/** May an interrupted download go on where it stopped? RFC 9110 sections 13.1.5 (If-Range), 14 and 15.3.7. */

export interface PartialFacts {
  url: string;
  /** Strong validator of the bytes we have: a strong ETag or a Last-Modified date; null when the server gave neither. */
  validator: string | null;
  sha256: string | null;
}

/** A validator that If-Range may carry: weak ETags may not (RFC 9110 13.1.5). */
export function rangeValidator(etag: string | null, lastModified: string | null): string | null {
  if (etag !== null && !etag.startsWith('W/')) return etag;
  return lastModified;
}

/** Request headers that ask for the rest. Without a validator the final digest alone decides, so one must be known. */
export function rangeHeaders(have: number, partial: PartialFacts | null): Record<string, string> {
  if (have === 0 || partial === null || (partial.validator === null && partial.sha256 === null)) return {};
  return { range: `bytes=${String(have)}-`, ...(partial.validator === null ? {} : { 'if-range': partial.validator }) };
}

export interface RangeAnswer {
  status: number;
  contentRange: string | null;
  validator: string | null;
}

/**
 * What to do with an answer to a range request: where its bytes go, or that ours are useless. `whole` is the size that the file
 * must have, where it is known.
 */
export function resumeAt(answer: RangeAnswer, have: number, partial: PartialFacts | null, whole: number | null = null): number | 'restart' {
  if (answer.status === 416) return 'restart';
  if (answer.status !== 206) return 0;
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(answer.contentRange ?? '');
  if (match === null || Number(match[1]) !== have) return 'restart';
  const [last, size] = [Number(match[2]), match[3] === '*' ? whole : Number(match[3])];
  if ((whole !== null && size !== whole) || (size !== null && last >= size)) return 'restart';
  // A server that does not know If-Range sends the rest of whatever it has now.
  const known = partial?.validator ?? null;
  return known === null || answer.validator === null || answer.validator === known ? have : 'restart';
}
