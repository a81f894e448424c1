import { MemoryJournal } from '../../journal/journal';
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
});
