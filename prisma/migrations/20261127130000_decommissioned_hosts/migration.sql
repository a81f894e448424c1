-- A name belongs to one host of the fleet; a host that was taken out of it leaves its name free.
DROP INDEX "hosts_name_key";
CREATE INDEX "hosts_name_idx" ON "hosts"("name");
CREATE UNIQUE INDEX "hosts_name_of_the_fleet_key" ON "hosts"("name") WHERE "decommissioned_at" IS NULL;

-- Streams of decommissioned hosts that a replica still has to close: none, nearly always.
CREATE INDEX "hosts_to_let_go_idx" ON "hosts"("replica_id")
  WHERE "decommissioned_at" IS NOT NULL AND "replica_id" IS NOT NULL;
