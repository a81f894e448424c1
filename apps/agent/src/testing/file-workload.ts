// A test's hold on the workload in open-files.workload.cjs: its directory, its settings, and what its instances answer.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** An open file as /proc describes it. */
export interface OpenFile {
  offset: number;
  /** O_ flags without O_CLOEXEC. */
  flags: number;
  link: string;
}

export type FileName = 'input' | 'log' | 'scratch';

/** How an instance fails that was started with descriptors. */
export type SuccessorFailure = 'exit' | 'refuse' | 'hang';

export class FileWorkload {
  readonly directory = mkdtempSync(path.join(tmpdir(), 'luofleet-files-'));
  readonly settings = {
    name: 'files',
    command: ['node', path.join(__dirname, 'open-files.workload.cjs')],
    env: { DIRECTORY: this.directory },
  };

  constructor(input: string) {
    writeFileSync(path.join(this.directory, 'input'), input);
  }

  destroy(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  successorsFail(how: SuccessorFailure): void {
    writeFileSync(path.join(this.directory, 'successor'), how);
  }

  /** The undo of `successorsFail`. */
  successorsWork(): void {
    rmSync(path.join(this.directory, 'successor'));
  }

  /** The log by its path, as somebody else would read it. */
  logOnDisk(): string {
    return readFileSync(path.join(this.directory, 'log'), 'utf8');
  }

  content(pid: number, name: FileName): Promise<string> {
    return this.ask(pid, 'GET', name);
  }

  /** `force` makes also a quiesced instance do it. */
  read(pid: number, name: FileName, bytes: number, force = false): Promise<string> {
    return this.ask(pid, 'POST', `${name}/read?bytes=${bytes}${force ? '&force' : ''}`);
  }

  async write(pid: number, name: FileName, text: string): Promise<void> {
    await this.ask(pid, 'POST', `${name}/write`, text);
  }

  async openFile(pid: number, name: FileName): Promise<OpenFile> {
    return JSON.parse(await this.ask(pid, 'GET', `${name}/fd`)) as OpenFile;
  }

  private ask(pid: number, method: string, what: string, body?: string): Promise<string> {
    const socketPath = path.join(this.directory, `${pid}.sock`);
    return new Promise((resolve, reject) => {
      request({ socketPath, method, path: `/${what}`, agent: false }, (response) => {
        let text = '';
        response.on('data', (chunk) => (text += String(chunk)));
        response.on('end', () => {
          if (response.statusCode === 200) resolve(text);
          else reject(new Error(`${method} ${what} of ${pid}: ${response.statusCode} ${text}`));
        });
      })
        .once('error', reject)
        .end(body);
    });
  }
}
