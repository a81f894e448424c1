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

/** Ports that nobody listened on a moment ago, all different. Starters try again when one is taken in between. */
export async function findFreePorts(count, host = '127.0.0.1') {
  const servers = await Promise.all(Array.from({ length: count }, () => listenAnywhere(host)));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** One such port. */
export const findFreePort = async (host) => (await findFreePorts(1, host))[0];

function listenAnywhere(host) {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject);
    server.listen({ port: 0, host }, () => resolve(server));
  });
}

/** The first free port from `first` on, or any free one when the next `tries` are all taken. */
export async function findFreePortFrom(first, { tries = 20, host = '127.0.0.1' } = {}) {
  for (let port = first; port < first + tries; port++)
    if (await isPortFree(port, host)) return port;
  return findFreePort(host);
}
