// A lock between processes of one machine. The name is an abstract socket: the kernel frees it when the owner dies,
// so there is no stale lock, and waiting is an open connection that the owner's end closes.

import { createHash } from 'node:crypto';
import net from 'node:net';
import { stopSignal } from './stop-signal.mjs';

/**
 * Runs `work` while holding the lock called `name`; waits for as long as another process has it, or until
 * this one is asked to end.
 */
export async function withMachineLock(name, work, onWait = () => {}) {
  const address = `\0luofleet-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
  let waited = false;
  let server;
  while (!(server = await tryListen(address))) {
    if (!waited) onWait();
    waited = true;
    await untilReleased(address);
    stopSignal.throwIfAborted();
  }
  try {
    return await work();
  } finally {
    server.release();
  }
}

function tryListen(address) {
  return new Promise((resolve, reject) => {
    const waiters = new Set();
    const server = net.createServer((socket) => {
      waiters.add(socket);
      socket.on('error', () => {}).on('close', () => waiters.delete(socket));
    });
    server.release = () => {
      server.close();
      for (const socket of waiters) socket.destroy();
    };
    server.once('error', (error) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(address, () => resolve(server));
  });
}

function untilReleased(address) {
  return new Promise((resolve) => {
    const socket = net.connect(address);
    const stop = () => socket.destroy();
    stopSignal.addEventListener('abort', stop);
    socket
      .on('error', () => {})
      .on('close', () => {
        stopSignal.removeEventListener('abort', stop);
        resolve();
      });
    socket.resume();
  });
}
