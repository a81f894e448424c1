// How many connections the workload socket has at most, whoever opens them, beside one of each instance for its instructions.
//
// Happy path: workloads keep a few connections each.
// Unhappy paths: at the limit one is closed for each that comes: the oldest one of the process that has the most. So a
// workload that opens them without end loses its own, and everybody else is answered.
// Ordering: an instructions stream is kept as long as it is the one its instance listens to.
import type { Socket } from 'node:net';
import { getPeerCredentials } from '@luofleet/linux';

const CONNECTIONS_MAX = 256;

export class ConnectionLimit {
  /** The process at the other end of each, oldest first. */
  private readonly pids = new Map<Socket, number>();
  private readonly kept = new Set<Socket>();

  add(socket: Socket): void {
    this.pids.set(socket, peerPid(socket));
    socket.once('close', () => {
      this.pids.delete(socket);
      this.kept.delete(socket);
    });
    if (this.pids.size - this.kept.size > CONNECTIONS_MAX) this.closeOne();
  }

  keep(socket: Socket): void {
    if (this.pids.has(socket)) this.kept.add(socket);
  }

  release(socket: Socket): void {
    this.kept.delete(socket);
  }

  private closeOne(): void {
    const idle = [...this.pids].filter(([socket]) => !this.kept.has(socket));
    const counts = new Map<number, number>();
    for (const [, pid] of idle) counts.set(pid, (counts.get(pid) ?? 0) + 1);
    const most = Math.max(...counts.values());
    const [socket] = idle.find(([, pid]) => counts.get(pid) === most) ?? [];
    if (socket === undefined) return;
    // It is not open any more, although its end is told later.
    this.pids.delete(socket);
    socket.destroy();
  }
}

/** By SO_PEERCRED; 0 when the other end is gone already. */
export function peerPid(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { _handle: { fd: number } | null };
  return handle === null ? 0 : getPeerCredentials(handle.fd).pid;
}
