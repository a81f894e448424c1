import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { machineIdOf } from './machine-id';

describe('machineIdOf', () => {
  let directory: string;
  const at = (name: string) => path.join(directory, name);
  const idOf = (
    machine: string,
    options: { stateDir?: string; configured?: string; handedOver?: string; mounts?: string } = {},
  ) => {
    writeFileSync(at('machine-id-of-the-system'), machine);
    writeFileSync(at('mountinfo'), options.mounts ?? '');
    return machineIdOf({
      configured: options.configured ?? '',
      handedOver: options.handedOver,
      stateDir: options.stateDir ?? directory,
      etcMachineId: at('machine-id-of-the-system'),
      mountInfo: at('mountinfo'),
    });
  };
  const [one, other] = ['1'.repeat(32), '2'.repeat(32)];

  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'machine-id-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('stays the same over restarts and is fit to be sent', () => {
    const id = idOf(one);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(idOf(`${one}\n`)).toBe(id);
  });

  it('differs between machines that were cloned from one image', () => {
    const clone = mkdtempSync(at('clone-'));
    expect(idOf(one, { stateDir: clone })).not.toBe(idOf(one));
  });

  it('differs where the state directory was copied to another machine', () => {
    const id = idOf(one);
    cpSync(at('machine-id'), path.join(mkdtempSync(at('copy-')), 'machine-id'));
    expect(idOf(other)).not.toBe(id);
  });

  it.each([
    ['is missing', '', ''],
    ['is not set up yet', 'uninitialized\n', ''],
  ])('is the kept value alone where /etc/machine-id %s', (_what, machine) => {
    expect(idOf(machine)).toBe(idOf(''));
  });

  it('leaves out an /etc/machine-id that each boot makes anew', () => {
    const mounts = `36 25 0:25 / ${at('machine-id-of-the-system')} ro - tmpfs tmpfs ro\n`;
    expect(idOf(one, { mounts })).toBe(idOf(other, { mounts }));
  });

  it('comes from the configuration, or from the kernel before, where they have one', () => {
    expect(idOf(one, { configured: 'rack-1.slot-2', handedOver: 'x' })).toBe('rack-1.slot-2');
    expect(idOf(one, { handedOver: 'of-the-kernel-before' })).toBe('of-the-kernel-before');
  });

  it('starts anew from a file that was cut off to nothing', () => {
    writeFileSync(at('machine-id'), '');
    const id = idOf(one);
    expect(readFileSync(at('machine-id'), 'utf8')).not.toBe('');
    expect(idOf(one)).toBe(id);
  });
});
