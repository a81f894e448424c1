import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readManifest, writeManifest } from '../backend/kernel/kernel-manifest';
import { machineIdInTime, machineIdOf } from './machine-id';

describe('machineIdOf', () => {
  let directory: string;
  let warnings: unknown[];
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
      log: { warn: (...said) => void warnings.push(said) },
    });
  };
  const [one, other] = ['1'.repeat(32), '2'.repeat(32)];

  beforeEach(() => {
    warnings = [];
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
    const copy = mkdtempSync(at('copy-'));
    for (const name of ['machine-id', 'machine-id.system']) cpSync(at(name), path.join(copy, name));
    expect(idOf(other, { stateDir: copy })).not.toBe(id);
  });

  it.each([
    ['was missing', ''],
    ['was not set up yet', 'uninitialized\n'],
  ])('stays the same when an /etc/machine-id comes that %s', (_what, machine) => {
    const id = idOf(machine);
    expect(idOf(one)).toBe(id);
    expect(idOf(machine)).toBe(id);
    expect(idOf(one)).toBe(id);
    expect(idOf(other)).not.toBe(id);
  });

  it('stays the same while an /etc/machine-id is away', () => {
    const id = idOf(one);
    expect(idOf('')).toBe(id);
    expect(idOf(other)).not.toBe(id);
    expect(idOf(one)).toBe(id);
  });

  it('says which id keeps a machine what it was once its /etc/machine-id is another one', () => {
    const id = idOf(one);
    expect(warnings).toEqual([]);
    idOf(other);
    expect(JSON.stringify(warnings)).toContain(`set machineId: ${id}`);
  });

  it('is that of an agent which kept only the value, and leaves the value to such an agent', () => {
    writeFileSync(at('machine-id'), 'kept-before\n');
    const before = createHash('sha256').update(`kept-before\n${one}`).digest('hex').slice(0, 32);
    expect(idOf(one)).toBe(before);
    expect(readFileSync(at('machine-id'), 'utf8')).toBe('kept-before\n');
  });

  it('leaves out an /etc/machine-id that each boot makes anew', () => {
    const mounts = `36 25 0:25 / ${at('machine-id-of-the-system')} ro - tmpfs tmpfs ro\n`;
    expect(idOf(one, { mounts })).toBe(idOf(other, { mounts }));
  });

  it('comes from the configuration, or from the kernel before, where they have one', () => {
    expect(idOf(one, { configured: 'rack-1.slot-2', handedOver: 'x' })).toBe('rack-1.slot-2');
    expect(idOf(one, { handedOver: 'of-the-kernel-before' })).toBe('of-the-kernel-before');
  });

  it('does not come from a kernel before whose agent did not know it', () => {
    const manifest = { sessions: [], leftBehind: [], key: 'k', fromRelease: '7.3.4', journal: '' };
    const rest = { imageSha256: 'ab', frozenAtMs: 1, machineId: '' };
    const { machineId } = readManifest(writeManifest({ ...manifest, ...rest }));
    const id = idOf(one, { handedOver: machineId });
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(id).toBe(idOf(one));
  });

  it('is tried again until the state directory takes the kept value', async () => {
    const problems: unknown[] = [];
    const log = { warn: () => undefined, error: (...said: unknown[]) => void problems.push(said) };
    const stateDir = at('full');
    const sources = { configured: '', handedOver: undefined, stateDir, log };
    const etc = { etcMachineId: at('none'), mountInfo: at('none') };
    const waiting = machineIdInTime({ ...sources, ...etc }, 10);
    expect(problems).toHaveLength(1);
    mkdirSync(stateDir);
    expect(await waiting).toBe(machineIdOf({ ...sources, ...etc }));
  });

  it('starts anew from a file that was cut off to nothing', () => {
    writeFileSync(at('machine-id'), '');
    const id = idOf(one);
    expect(readFileSync(at('machine-id'), 'utf8')).not.toBe('');
    expect(idOf(one)).toBe(id);
  });
});
