// Example workload: a TCP echo server whose listening socket survives. PORT is the port.
//
// Happy path: what a client sends comes back. Quiesced, it accepts nobody, and the kernel's backlog holds new clients until
// this instance resumes or its successor accepts; nobody is refused. Clients it has already accepted are served to their
// end: an echo server has no state that they could change.
// Unhappy paths: at `stop`, clients that are still connected have a moment to end by themselves; then they get what they
// sent and the end of the stream. A client's reset is the client's business.
import type { Socket } from 'node:net';
import { receivedDescriptors } from './client/listen-fds';
import { ListeningSocket } from './client/listening-socket';
import { serveWorkload } from './client/serve-workload';

const SOCKET_TOKEN = 1n;

/** A client that was accepted right before the end is still to be answered; one that lingers must not hold up the update. */
const FAREWELL_MS = 1_000;

const clients = new Set<Socket>();

function echo(socket: Socket): void {
  clients.add(socket);
  socket.once('close', () => clients.delete(socket));
  socket.on('error', () => socket.destroy());
  socket.pipe(socket);
}

/** Resolves when every client has ended by itself, or after FAREWELL_MS. */
async function clientsLeave(): Promise<void> {
  const gone = [...clients].map((socket) => new Promise((left) => socket.once('close', left)));
  let timer: NodeJS.Timeout | undefined;
  const farewell = new Promise((over) => {
    timer = setTimeout(over, FAREWELL_MS);
  });
  await Promise.race([Promise.all(gone), farewell]);
  clearTimeout(timer);
}

/** Ends what is still connected and waits until the last byte is on its way. */
async function endClients(): Promise<void> {
  await clientsLeave();
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
  await serveWorkload(
    [{ token: SOCKET_TOKEN, fd: listener.fd, name: 'tcp' }],
    {
      quiesce: async () => listener.pause(),
      resume: () => listener.accept(),
      stop: async () => {
        listener.pause();
        await endClients();
      },
      check: () => Promise.resolve(),
    },
    () => listener.accept(),
  );
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
