// Ports of 127.0.0.1.

import net from 'node:net';

/** Whether a port can be listened on right now. */
export function isPortFree(port, host = '127.0.0.1') {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A port that nobody listened on a moment ago. Another process may take it first: starters try again with a new one. */
export function findFreePort(host = '127.0.0.1') {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen({ port: 0, host }, () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** The first free port from `first` on, or any free one when the next `tries` are all taken. */
export async function findFreePortFrom(first, { tries = 20, host = '127.0.0.1' } = {}) {
  for (let port = first; port < first + tries; port++)
    if (await isPortFree(port, host)) return port;
  return findFreePort(host);
}
