-- A host update may be left out before it starts.
ALTER TABLE "host_updates" DROP CONSTRAINT "host_updates_state_check";
ALTER TABLE "host_updates" ADD CONSTRAINT "host_updates_state_check"
  CHECK ("state" IN ('pending', 'running', 'rolling-back', 'held', 'succeeded', 'rolled-back', 'failed', 'lost',
                     'lost-state', 'cancelled', 'skipped'));
