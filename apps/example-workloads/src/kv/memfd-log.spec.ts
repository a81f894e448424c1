import { readSync, writeSync } from 'node:fs';
import { MemfdLog } from './memfd-log';

describe('MemfdLog', () => {
  it('has the same content and hash for whoever adopts the descriptor', () => {
    const log = MemfdLog.create();
    log.put('a', Buffer.from('one'));
    log.put('b', Buffer.from([0, 255]));
    log.put('a', Buffer.from('two'));
    log.delete('b');
    const next = MemfdLog.adopt(log.fd);
    expect(next.get('a')?.toString()).toBe('two');
    expect(next.get('b')).toBeUndefined();
    expect(next.hash()).toBe(log.hash());
  });

  it('hashes content, not history, and tells key from value', () => {
    const [one, two, shifted] = [MemfdLog.create(), MemfdLog.create(), MemfdLog.create()];
    one.put('x', Buffer.from('1'));
    one.put('y', Buffer.from('2'));
    two.put('y', Buffer.from('0'));
    two.put('y', Buffer.from('2'));
    two.put('x', Buffer.from('1'));
    shifted.put('x1', Buffer.from(''));
    shifted.put('y', Buffer.from('2'));
    expect(two.hash()).toBe(one.hash());
    expect(shifted.hash()).not.toBe(one.hash());
  });

  it('does not see a record whose write was cut off before the end moved', () => {
    const log = MemfdLog.create();
    log.put('a', Buffer.from('one'));
    const end = Buffer.alloc(8);
    readSync(log.fd, end, 0, 8, 8);
    log.put('b', Buffer.from('two'));
    writeSync(log.fd, end, 0, 8, 8);
    const next = MemfdLog.adopt(log.fd);
    expect([next.size, next.get('b')]).toEqual([1, undefined]);
  });

  it('refuses a file that is none', () => {
    const log = MemfdLog.create();
    writeSync(log.fd, 'NOT A KV', 0, 'latin1');
    expect(() => MemfdLog.adopt(log.fd)).toThrow(/no key-value log/);
  });
});
