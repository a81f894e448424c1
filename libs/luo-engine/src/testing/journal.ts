/** What happened, in order, one line for each callback. */
export class Journal {
  readonly lines: string[] = [];

  write(line: string): void {
    this.lines.push(line);
  }

  /** The lines since the last call. */
  take(): string[] {
    return this.lines.splice(0);
  }

  /** Takes the lines that start with a word and drops the rest. */
  takeOnly(...words: string[]): string[] {
    return this.take().filter((line) => words.includes(line.split(' ')[0] ?? ''));
  }
}
