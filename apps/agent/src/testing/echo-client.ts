import { connect } from 'node:net';

/** Connects again and again and counts what happens, until stopped. */
export class EchoClient {
  answered = 0;
  readonly failures: string[] = [];
  private stopping = false;
  private readonly loop: Promise<void>;

  constructor(private readonly port: number) {
    this.loop = this.run();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.loop;
  }

  private async run(): Promise<void> {
    while (!this.stopping) await this.once();
  }

  private once(): Promise<void> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1', () => socket.write('hello'));
      let answer = '';
      socket.on('data', (data) => {
        answer += String(data);
        if (answer === 'hello') socket.end();
      });
      socket.on('error', (error: NodeJS.ErrnoException) => this.failures.push(error.code ?? ''));
      socket.on('close', () => {
        if (answer === 'hello') this.answered += 1;
        else this.failures.push(`answer "${answer}"`);
        resolve();
      });
    });
  }
}
