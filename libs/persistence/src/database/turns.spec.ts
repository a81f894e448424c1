import { Turns } from './turns';

const tooLate = () => new Error('too late');

/** Work that goes on until told to end. */
function open() {
  let end = (): void => undefined;
  const over = new Promise<void>((resolve) => (end = resolve));
  return { work: () => over, end };
}

it('runs in the order asked, urgent work first', async () => {
  const turns = new Turns(1, 60_000);
  const first = open();
  const order: string[] = [];
  const note = (name: string) => () => Promise.resolve(void order.push(name));
  const all = [
    turns.take(first.work, tooLate),
    turns.take(note('a'), tooLate),
    turns.take(note('b'), tooLate),
    turns.take(note('urgent'), tooLate, { urgent: true }),
  ];
  first.end();
  await Promise.all(all);
  expect(order).toEqual(['urgent', 'a', 'b']);
});

it('gives up what waits for too long, and only that', async () => {
  const turns = new Turns(1, 1);
  const stuck = open();
  const held = turns.take(stuck.work, tooLate);
  await expect(turns.take(() => Promise.resolve(1), tooLate)).rejects.toThrow('too late');
  stuck.end();
  await held;
  await expect(turns.take(() => Promise.resolve(2), tooLate)).resolves.toBe(2);
});

it('passes its turn on when work fails', async () => {
  const turns = new Turns(1, 60_000);
  await expect(turns.take(() => Promise.reject(new Error('no')), tooLate)).rejects.toThrow('no');
  await expect(turns.take(() => Promise.resolve(3), tooLate)).resolves.toBe(3);
});
