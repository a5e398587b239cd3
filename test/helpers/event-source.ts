/** An EventSource for Node, over fetch: as browsers have it, as far as a client of ours can tell (WHATWG HTML, 9.2). */

export class FetchEventSource extends EventTarget {
  readonly url: string;
  /** 0 CONNECTING, 1 OPEN, 2 CLOSED. */
  readyState = 0;
  readonly #gone = new AbortController();
  #retryMs = 3000;
  #lastId = '';

  constructor(url: string) {
    super();
    this.url = url;
    void this.#connect();
  }

  close(): void {
    this.readyState = 2;
    this.#gone.abort();
  }

  async #connect(): Promise<void> {
    const { signal } = this.#gone;
    try {
      const headers = { accept: 'text/event-stream', ...(this.#lastId === '' ? {} : { 'last-event-id': this.#lastId }) };
      const response = await fetch(this.url, { headers, signal });
      const isStream = /^text\/event-stream(?:;|$)/.test(response.headers.get('content-type') ?? '');
      if (response.status !== 200 || !isStream || response.body === null) {
        await response.body?.cancel();
        this.#fail();
        return;
      }
      this.readyState = 1;
      this.dispatchEvent(new Event('open'));
      await this.#read(response.body);
    } catch {
      // The same as an end: it is tried again.
    }
    if (!signal.aborted) this.#again();
  }

  async #read(body: AsyncIterable<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) this.#dispatch(block.split('\n'));
    }
  }

  #dispatch(lines: readonly string[]): void {
    let type = 'message';
    const data: string[] = [];
    for (const line of lines) {
      const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
      if (field === 'event') type = value;
      else if (field === 'data') data.push(value);
      else if (field === 'id') this.#lastId = value;
      else if (field === 'retry' && /^\d+$/.test(value)) this.#retryMs = Number(value);
    }
    if (data.length === 0 || this.readyState === 2) return;
    this.dispatchEvent(new MessageEvent(type, { data: data.join('\n'), lastEventId: this.#lastId }));
  }

  #again(): void {
    this.readyState = 0;
    this.dispatchEvent(new Event('error'));
    const timer = setTimeout(() => void this.#connect(), this.#retryMs);
    this.#gone.signal.addEventListener('abort', () => {
      clearTimeout(timer);
    });
  }

  #fail(): void {
    this.readyState = 2;
    this.dispatchEvent(new Event('error'));
  }
}
