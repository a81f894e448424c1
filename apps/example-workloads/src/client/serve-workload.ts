import { WorkloadClient, type Offer, type WorkloadDuties } from './workload-client';

/**
 * Runs a workload until it is told to stop, by the agent or by SIGTERM. `begin` makes it serve; it is called once signals
 * are handled, so that no client is accepted by a process that a signal would still end at once.
 */
export async function serveWorkload(
  offers: readonly Offer[],
  duties: WorkloadDuties,
  begin: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const client = new WorkloadClient(offers, {
    ...duties,
    stop: async () => {
      // Answered first, then the process ends: the agent sees a workload that stopped, not one that broke off.
      setImmediate(stop);
      await Promise.resolve();
    },
  });
  const stop = () => {
    client.close();
    duties.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  await begin();
  client.open();
}
