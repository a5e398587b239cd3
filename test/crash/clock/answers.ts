/** Answers that hold a step open for as long as the test wants. */
import fs from 'node:fs';
import type { Answer } from '../../unit/steps/site-server.ts';

interface Halves {
  answer: Answer;
  begun: Promise<void>;
  goOn: () => void;
}

export interface SlowPage {
  answer: Answer;
  reached: Promise<void>;
  open: () => void;
}

/** The file in two halves, the second one when the test says so. */
export function halved(file: string): Halves {
  const calls = { begin: (): void => undefined, goOn: (): void => undefined };
  const begun = new Promise<void>((resolve) => (calls.begin = resolve));
  const answer: Answer = (_request, response) => {
    const bytes = fs.readFileSync(file);
    response.writeHead(200, { 'content-length': bytes.length });
    calls.goOn = () => response.end(bytes.subarray(bytes.length >> 1));
    response.write(bytes.subarray(0, bytes.length >> 1), () => {
      calls.begin();
    });
  };
  return {
    answer,
    begun,
    goOn: () => {
      calls.goOn();
    },
  };
}

/** A page that answers when it is told to, and only at the second time as it should: the client has to have time left. */
export function slowPage(): SlowPage {
  const calls = { reach: (): void => undefined, open: (): void => undefined };
  const reached = new Promise<void>((resolve) => (calls.reach = resolve));
  let times = 0;
  const answer: Answer = (_request, response) => {
    times += 1;
    if (times > 1) {
      response.writeHead(200).end();
      return;
    }
    calls.open = () => response.writeHead(503).end();
    calls.reach();
  };
  return {
    answer,
    reached,
    open: () => {
      calls.open();
    },
  };
}
