/** Talks to the example key-value store over HTTP. */
export class KvClient {
  constructor(private readonly port: number) {}

  async put(key: string, value: string): Promise<void> {
    const response = await fetch(this.url(`/${encodeURIComponent(key)}`), {
      method: 'PUT',
      body: value,
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok) throw new Error(`PUT ${key}: ${response.status} ${await response.text()}`);
  }

  async get(key: string): Promise<string | undefined> {
    const response = await fetch(this.url(`/${encodeURIComponent(key)}`), {
      signal: AbortSignal.timeout(10_000),
    });
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`GET ${key}: ${response.status}`);
    return response.text();
  }

  /** sha256 of the store's whole content. */
  async hash(): Promise<string> {
    const response = await fetch(this.url('/hash'), { signal: AbortSignal.timeout(10_000) });
    if (!response.ok) throw new Error(`GET /hash: ${response.status}`);
    return (await response.text()).trim();
  }

  private url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }
}
