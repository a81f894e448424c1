/** Tells the reconciler that something is due in a rollout. Whoever does not hear it finds out by sweeping. */
export abstract class ReconcileWaker {
  abstract wake(rolloutId: string): Promise<void>;
}
