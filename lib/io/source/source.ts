/** What every kind of source is to the steps: something that knows where a file of the static layout can be had. */
import type { Config } from '../../core/device/config.ts';
import type { InspectAnswer } from '../http/document.ts';

/** An address, and what has to go along with a request to it, and to no other address. */
export interface SourceLocation {
  url: URL;
  headers: Readonly<Record<string, string>>;
  /** For a document: says what an answer means that would be told by its status alone. */
  inspect?: InspectAnswer;
}

export interface Source {
  /** For people: where it is. */
  readonly name: string;
  /** How often trying again can help: a folder that is not there now is not there in a second either. */
  readonly mostRetries: number;
  /**
   * Where a file of the static layout (`manifest_beta.json`, `bundles/…`, `tuf/timestamp.json`) is. Throws NOT_FOUND when the source has no such
   * file, and network and status codes where it has to ask for that.
   */
  locate: (path: string, request: LocateRequest) => Promise<SourceLocation>;
  /** The versions of which the branch has the manifest; null where a file of the static layout says that. Throws as locate does. */
  versions: (request: LocateRequest) => Promise<string[] | null>;
}

export interface LocateRequest {
  /** The branch that it is for. */
  branch: string;
  /** For messages: 'the manifest'. */
  what: string;
  signal: AbortSignal;
}

export type OpenSource = (config: Config) => Source;
