/**
 * The widget, and the page around it: the only answers that are no data. They are read when they are first asked for, and kept;
 * their digest is their ETag, so that a browser asks each time and is sent each version once.
 */
import { createHash } from 'node:crypto';
import { API_PREFIX } from '../core/http-api/api-routes.ts';
import { UpdateError } from '../core/errors.ts';
import type { Answer } from './answer.ts';
import { HEADERS } from './answer.ts';

/** What a page of ours may do: what came from here, and nothing inline. Names and log lines are text in it, and never markup. */
export const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; " +
  "frame-ancestors 'self'; require-trusted-types-for 'script'; trusted-types lit-html";

const TYPES: Readonly<Record<string, string>> = { html: 'text/html', css: 'text/css', js: 'text/javascript' };

/** By path. Nothing else is served, whatever else lies beside them. */
const FILES: Readonly<Record<string, string>> = {
  [`${API_PREFIX}pikit-updates.js`]: 'pikit-updates.js',
  [`${API_PREFIX}pikit-updates.de.js`]: 'pikit-updates.de.js',
  [`${API_PREFIX}page`]: 'page.html',
  [`${API_PREFIX}page.css`]: 'page.css',
};

export const STATIC_PATHS: readonly string[] = Object.keys(FILES);
export const STATIC_METHODS: readonly string[] = ['GET', 'HEAD'];

export interface StaticFiles {
  /** `path` is one of STATIC_PATHS, `known` the If-None-Match of the request. Throws NOT_FOUND when the build has no such file. */
  answer: (path: string, known: string | undefined) => Answer;
}

export function staticFiles(read: (name: string) => string | null): StaticFiles {
  const kept = new Map<string, Answer>();
  return {
    answer: (path, known) => {
      const answer = kept.get(path) ?? fileAnswer(FILES[path] ?? '', read);
      kept.set(path, answer);
      return isKnown(answer, known) ? { ...answer, status: 304, body: '' } : answer;
    },
  };
}

/** One file as an answer. Throws NOT_FOUND. */
export function fileAnswer(name: string, read: (name: string) => string | null): Answer {
  const body = read(name);
  if (body === null) throw new UpdateError('NOT_FOUND', `'${name}' is missing from this installation`, { hint: 'install the package again' });
  const kind = name.replace(/.*\./, '');
  const policy = kind === 'html' ? { 'Content-Security-Policy': PAGE_POLICY } : {};
  return {
    status: 200,
    headers: {
      ...HEADERS,
      ...policy,
      'Cache-Control': 'no-cache',
      'Content-Type': `${TYPES[kind] ?? 'text/plain'}; charset=utf-8`,
      // A page of another origin may not even try it out.
      'Cross-Origin-Resource-Policy': 'same-origin',
      ETag: `"${createHash('sha256').update(body).digest('hex')}"`,
    },
    body,
  };
}

/** A proxy that compresses makes an ETag weak: it stands for the same file. */
function isKnown({ headers }: Answer, known: string | undefined): boolean {
  const tags = (known ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(headers['ETag'] ?? '');
}
