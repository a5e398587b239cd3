/** Bodies in and out of the Gitea server of the tests: uploads as multipart, downloads with validators and ranges. */
import type http from 'node:http';
import type { ServerAsset } from './gitea-repository.ts';

export async function readBody(request: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The file in the field `attachment`. Throws when the body is not exactly one such field (RFC 7578). */
export function multipartFile(body: Buffer, contentType: string): Buffer {
  const boundary = /^multipart\/form-data; boundary=(?:"([^"]+)"|(\S+))$/.exec(contentType)?.slice(1).find(Boolean);
  if (boundary === undefined) throw new Error(`not multipart: ${contentType}`);
  const head = body.subarray(0, body.indexOf('\r\n\r\n')).toString();
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  if (!head.startsWith(`--${boundary}\r\n`) || !/; name="attachment"; filename="[^"]+"/.test(head)) throw new Error(`no attachment: ${head}`);
  if (!body.subarray(-tail.length).equals(tail)) throw new Error('the body does not end as it should');
  return body.subarray(head.length + 4, -tail.length);
}

export function sendAsset(request: http.IncomingMessage, response: http.ServerResponse, { id, bytes }: ServerAsset): void {
  // Not of the form time-size: that of a small file would be taken for one of 1970.
  const etag = `"asset-${String(id)}-${String(bytes.length)}"`;
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, { etag }).end();
    return;
  }
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  const condition = request.headers['if-range'];
  const from = range === null || (condition !== undefined && condition !== etag) ? 0 : Number(range[1]);
  const headers = { etag, 'content-length': bytes.length - from };
  if (from === 0) response.writeHead(200, headers);
  else response.writeHead(206, { ...headers, 'content-range': `bytes ${String(from)}-${String(bytes.length - 1)}/${String(bytes.length)}` });
  response.end(bytes.subarray(from));
}
