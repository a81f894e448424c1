// With descriptors of this very process: it is the workload that offers them.
import { fstatSync, openSync, readdirSync } from 'node:fs';
import { closeDescriptor, memfdCreate } from '@luofleet/linux';
import { identifyProcess } from '../../workloads/process-table';
import { WorkloadInstance } from '../../workloads/workload-instance';
import type { WorkloadSupervisor } from '../../workloads/workload-supervisor';
import { takeAllDescriptors } from '../engine/take-descriptors';
import { chooseDescriptors } from './offered-descriptors';

const self = identifyProcess(process.pid);
const opened: number[] = [];
const track = (fd: number) => {
  opened.push(fd);
  return fd;
};
afterEach(() => {
  for (const fd of opened.splice(0)) closeDescriptor(fd);
});

function offering(...offers: Array<{ fd: number; name: string; optional: boolean }>) {
  if (self === null) throw new Error('this process is not in /proc');
  const instance = new WorkloadInstance('kv', 'one', self);
  instance.registeredPid = process.pid;
  offers.forEach((offer, index) =>
    instance.descriptors.set(BigInt(index + 1), { ...offer, token: BigInt(index + 1) } as never),
  );
  const current = new Map([['kv', instance]]);
  return { names: ['kv', 'idle'], current } as unknown as WorkloadSupervisor;
}

it('takes memfds, and leaves behind only what is optional and no memfd', () => {
  const [memfd, optionalMemfd] = [track(memfdCreate('a')), track(memfdCreate('b'))];
  const [file, optionalFile] = [
    track(openSync('/proc/self/stat', 'r')),
    track(openSync('/dev/null', 'r')),
  ];
  const { files, leftBehind } = chooseDescriptors(
    offering(
      { fd: memfd, name: 'store', optional: false },
      { fd: optionalMemfd, name: 'cache', optional: true },
      { fd: file, name: 'stat', optional: false },
      { fd: optionalFile, name: 'null', optional: true },
    ),
  );
  const taken = files.get('kv') ?? [];
  taken.forEach(({ fd }) => track(fd));
  expect(taken.map(({ name }) => name)).toEqual(['store', 'cache', 'stat']);
  expect(taken.map(({ fd }) => fstatSync(fd).ino)).toEqual(
    [memfd, optionalMemfd, file].map((fd) => fstatSync(fd).ino),
  );
  expect(leftBehind).toEqual([{ workload: 'kv', name: 'null' }]);
  expect(files.get('idle')).toEqual([]);
});

it('undoes when a descriptor can not be taken', () => {
  const undo = jest.fn();
  const supervisor = offering({ fd: 99_999, name: 'gone', optional: false });
  expect(() => chooseDescriptors(supervisor, undo)).toThrow('EBADF');
  expect(undo).toHaveBeenCalledTimes(1);
});

it('closes what was taken of others when one offers what is not open, and says who', () => {
  const [good, bad] = [
    offering({ fd: track(openSync('/dev/null', 'r')), name: 'null', optional: false }),
    offering({ fd: 99_999, name: 'gone', optional: false }),
  ].map(({ current }) => current.get('kv')!);
  const current = new Map([
    ['kv', good!],
    ['web', bad!],
  ]);
  const before = readdirSync('/proc/self/fd').length;
  for (let times = 0; times < 3; times += 1)
    expect(() => takeAllDescriptors({ names: ['kv', 'web'], current })).toThrow(
      /^what workload web offers can not be taken: .*EBADF/,
    );
  expect(readdirSync('/proc/self/fd').length).toBe(before);
});
