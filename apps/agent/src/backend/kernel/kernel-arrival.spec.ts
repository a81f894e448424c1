import { MemoryJournal } from '../../journal/journal';
import { endedOtherwise } from '../../model/command';
import { reasonOf } from '../../model/reason';
import { isConcluded, rememberReboot } from './kernel-arrival';

const mark = { hostUpdateId: 'hu', attempt: 1, generation: 3n };

describe('a host that lost its journal too', () => {
  it('knows from its command line which reboot it owes an answer to', () => {
    const journal = new MemoryJournal();
    rememberReboot(journal, mark, 'incarnation');
    const entry = journal.state.commands.get('hu/reboot/1');
    expect(entry).toMatchObject({ state: 'started', command: { phase: 'reboot', attempt: 1 } });
    expect(journal.state.generation).toBe(3n);
    expect(isConcluded(journal, mark)).toBe(false);
  });

  it('leaves a journal alone that knows better', () => {
    const journal = new MemoryJournal();
    rememberReboot(journal, mark, 'first');
    rememberReboot(journal, mark, 'second');
    expect(journal.state.commands.get('hu/reboot/1')).toMatchObject({ incarnationId: 'first' });
  });

  it('takes a newer generation for the proof that this reboot was answered', () => {
    const journal = new MemoryJournal();
    rememberReboot(journal, { ...mark, generation: 4n }, 'later');
    expect(isConcluded(journal, mark)).toBe(true);
    expect(isConcluded(journal, { ...mark, generation: 5n })).toBe(false);
  });

  it('takes the finished reboot command for it too', () => {
    const journal = new MemoryJournal();
    rememberReboot(journal, mark, 'incarnation');
    const result = {
      ...endedOtherwise('state-lost', reasonOf('SESSIONS_GONE', 'gone')),
      ...{ key: 'hu/reboot/1', phase: 'reboot' as const, startedAtMs: 1, finishedAtMs: 2 },
      ...{ runningVersion: '', bootId: '', incarnationId: '' },
    };
    journal.append({ kind: 'finished', result });
    expect(isConcluded(journal, mark)).toBe(true);
  });
});
