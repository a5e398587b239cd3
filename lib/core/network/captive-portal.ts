/**
 * The page of a network that wants a login (a captive portal), or of whatever else answers in the place of a server: HTML where
 * JSON or an archive is due. What is what it should be is taken, however it is labelled.
 */
import { UpdateError } from '../errors.ts';

const HTML = /^\s*(?:text\/html|application\/xhtml\+xml)\b/i;

export interface Beginning {
  contentType: string | null;
  /** The first bytes of the body; what is there of it. */
  bytes: Uint8Array;
}

/** Whether it is a web page that begins so, and no JSON. */
export function isPageNotJson({ contentType, bytes }: Beginning): boolean {
  const first = firstSign(bytes);
  return first === '<' || (isHtml(contentType) && first !== '{' && first !== '[');
}

/** Whether it is a web page that begins so, and no gzip archive. */
export function isPageNotGzip({ contentType, bytes }: Beginning): boolean {
  return !isGzip(bytes) && (firstSign(bytes) === '<' || isHtml(contentType));
}

/** RFC 1952 section 2.3.1. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function isHtml(contentType: string | null): boolean {
  return contentType !== null && HTML.test(contentType);
}

/** Past blanks and a byte order mark. */
function firstSign(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 512)).toString('latin1').replace(/^ï»¿/, '').trimStart().charAt(0);
}

/** `answered` says what came: `a web page`, `HTTP 511`. */
export function captivePortal(url: URL, what: string, answered: string): UpdateError {
  return new UpdateError(
    'CAPTIVE_PORTAL',
    `something between this device and the server answered: '${url.host}' sent ${answered} instead of ${what}`,
    {
      hint: 'if this network requires a login, log in with a browser and try again; otherwise check source.url: it has no releases',
      subject: url.origin,
    },
  );
}
