// Example workload: a TCP echo server whose listening socket survives. PORT is the port.
//
// Happy path: what a client sends comes back. Quiesced, it accepts nobody, and the kernel's backlog holds new clients until
// this instance resumes or its successor accepts; nobody is refused. Clients it has already accepted are served to their
// end: an echo server has no state that they could change.
// Unhappy paths: at `stop`, clients that are still connected get what they sent and then the end of the stream. A client's
// reset is the client's business.
import type { Socket } from 'node:net';
import { receivedDescriptors } from './client/listen-fds';
import { ListeningSocket } from './client/listening-socket';
import { serveWorkload } from './client/serve-workload';

const SOCKET_TOKEN = 1n;

const clients = new Set<Socket>();

function echo(socket: Socket): void {
  clients.add(socket);
  socket.once('close', () => clients.delete(socket));
  socket.on('error', () => socket.destroy());
  socket.pipe(socket);
}

/** Ends what is still connected and waits until the last byte is on its way. */
async function endClients(): Promise<void> {
  await Promise.all(
    [...clients].map(
      (socket) =>
        new Promise<void>((resolve) => {
          socket.once('close', () => resolve());
          socket.end(() => resolve());
        }),
    ),
  );
}

async function main(): Promise<void> {
  const received = receivedDescriptors().get('tcp');
  const listener =
    received === undefined
      ? await ListeningSocket.bind(Number(process.env.PORT ?? 0), echo)
      : ListeningSocket.adopt(received, echo);
  await listener.accept();
  serveWorkload([{ token: SOCKET_TOKEN, fd: listener.fd, name: 'tcp' }], {
    quiesce: async () => listener.pause(),
    resume: () => listener.accept(),
    stop: async () => {
      listener.pause();
      await endClients();
    },
    check: () => Promise.resolve(),
  });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
