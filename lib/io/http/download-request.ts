import type { Wire } from './wire.ts';

export interface DownloadRequest {
  what: string;
  file: string;
  /** Known from the manifest; without it `maxBytes` is the only limit and every file's own hash is checked later. */
  sizeBytes: number | null;
  sha256: string | null;
  maxBytes: number;
  deadlineMs: number;
  minRate: number;
  /** Bytes per second; 0 is as fast as it goes. */
  maxRate: number;
  signal: AbortSignal;
  userAgent: string;
  /** For the origin of the address alone: a redirect to another one gets none of them. */
  headers?: Readonly<Record<string, string>>;
  onProgress: (bytes: number, total: number | null, ratePerS: number) => void;
  /** It is a gzip archive: what does not begin like one is not kept, not even as a beginning. */
  isGzip?: boolean;
  /** Straight, with the certificates of the system, when there is none. */
  wire?: Wire;
}
export interface Downloaded {
  /** Bytes that came over the network in this attempt, without headers. */
  received: number;
  /** Bytes that were there from an earlier attempt. */
  resumed: number;
}
