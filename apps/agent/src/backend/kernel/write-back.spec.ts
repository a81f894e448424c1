import * as linux from '@luofleet/linux';
import { writeBack } from './write-back';

jest.mock('@luofleet/linux', () => ({
  ...jest.requireActual<typeof linux>('@luofleet/linux'),
  syncFileSystems: jest.fn(),
}));

const goesOn = new AbortController().signal;
const hangs = ['/bin/sh', '-c', 'exec sleep 600'] as const;

it('is done when the program is, and is done without one', async () => {
  await writeBack(30_000, goesOn, ['/bin/true']);
  expect(linux.syncFileSystems).not.toHaveBeenCalled();
  await writeBack(30_000, goesOn, ['/nonexistent/sync']);
  expect(linux.syncFileSystems).toHaveBeenCalledTimes(1);
});

it('gives up on a disk that hangs, at its limit or when its phase is over, while all else goes on', async () => {
  let turns = 0;
  const elsewhere = setInterval(() => (turns += 1), 1);
  await expect(writeBack(100, goesOn, hangs)).rejects.toThrow('not written back');
  expect(turns).toBeGreaterThan(0);
  const phase = new AbortController();
  const work = writeBack(60_000, phase.signal, hangs);
  phase.abort();
  await expect(work).rejects.toThrow('not written back');
  clearInterval(elsewhere);
  await expect(writeBack(30_000, goesOn, ['/bin/false'])).rejects.toThrow('not written back');
});
