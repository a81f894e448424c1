/** A thin client of the control plane's REST interface for tests; shapes are as in docs/architecture.md. */

export interface RestAnswer {
  readonly status: number;
  readonly contentType: string;
  // Tests assert on what comes over the wire, whatever it is.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
}

export class RestClient {
  constructor(readonly baseUrl: string) {}

  async request(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<RestAnswer> {
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(`${this.baseUrl}/api/v1${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
      signal: AbortSignal.timeout(15_000),
    });
    const text = await response.text();
    const contentType = response.headers.get('content-type') ?? '';
    return {
      status: response.status,
      contentType,
      body: contentType.includes('json') && text !== '' ? JSON.parse(text) : text,
    };
  }

  /** GET that must answer 200. */
  async get(path: string): Promise<RestAnswer['body']> {
    const answer = await this.request('GET', path);
    if (answer.status !== 200)
      throw new Error(`GET ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** POST that must answer 2xx. */
  async post(path: string, body?: unknown): Promise<RestAnswer['body']> {
    const answer = await this.request('POST', path, body);
    if (answer.status < 200 || answer.status > 299)
      throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** All pages of a list. */
  async all(path: string): Promise<RestAnswer['body'][]> {
    const items: RestAnswer['body'][] = [];
    let cursor = '';
    do {
      const separator = path.includes('?') ? '&' : '?';
      const page = await this.get(
        `${path}${separator}limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
      );
      items.push(...page.items);
      cursor = page.nextCursor ?? '';
    } while (cursor);
    return items;
  }
}
