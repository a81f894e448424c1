import { connect } from 'node:net';

export interface EchoTally {
  readonly answered: number;
  readonly refused: number;
  readonly otherErrors: readonly string[];
}

/**
 * Opens one connection after the other to an echo server and counts what happens, until stopped. A connection that
 * was accepted but cut before its answer counts under `otherErrors`; only ECONNREFUSED counts as refused.
 */
export class EchoClient {
  private stopping = false;
  private answered = 0;
  private refused = 0;
  private readonly otherErrors: string[] = [];
  private readonly loop: Promise<void>;

  constructor(private readonly port: number) {
    this.loop = this.run();
  }

  get tally(): EchoTally {
    return { answered: this.answered, refused: this.refused, otherErrors: [...this.otherErrors] };
  }

  async stop(): Promise<EchoTally> {
    this.stopping = true;
    await this.loop;
    return this.tally;
  }

  private async run(): Promise<void> {
    while (!this.stopping) await this.once();
  }

  private async once(): Promise<void> {
    await new Promise<void>((resolve) => {
      const socket = connect({ port: this.port, host: '127.0.0.1' });
      const word = `echo ${this.answered}`;
      let received = '';
      const done = (): void => {
        socket.destroy();
        resolve();
      };
      socket.setTimeout(20_000, () => {
        this.otherErrors.push('timeout');
        done();
      });
      socket.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNREFUSED') this.refused += 1;
        else this.otherErrors.push(error.code ?? error.message);
        done();
      });
      socket.on('data', (data) => {
        received += data.toString();
        if (received.length < word.length) return;
        this.answered += 1;
        done();
      });
      socket.on('close', resolve);
      socket.on('connect', () => socket.write(word));
    });
  }
}
