import { WorkloadClient, type Offer, type WorkloadDuties } from './workload-client';

/** Runs a workload until it is told to stop, by the agent or by SIGTERM. */
export function serveWorkload(offers: readonly Offer[], duties: WorkloadDuties): void {
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
  client.open();
}
