-- Names are lower-case. Of hosts whose names differed only in case, the one that was heard of last keeps the name; the
-- others keep their records under the name with their id behind it.
WITH ranked AS (
  SELECT "id", row_number() OVER (
    PARTITION BY lower("name")
    ORDER BY "decommissioned_at" IS NOT NULL, "online" DESC, "last_seen_at" DESC NULLS LAST, "registered_at" DESC, "id"
  ) AS place
  FROM "hosts")
UPDATE "hosts" h SET "name" = lower(h."name") || '-' || h."id", "version" = h."version" + 1
FROM ranked r WHERE r."id" = h."id" AND r.place > 1;
UPDATE "hosts" SET "name" = lower("name"), "version" = "version" + 1 WHERE "name" <> lower("name");
ALTER TABLE "hosts" ADD CONSTRAINT "hosts_name_check" CHECK ("name" = lower("name"));

ALTER TABLE "hosts"
  ADD COLUMN "machine_id" TEXT NOT NULL DEFAULT '',
  ADD COLUMN "stream_incarnation" TEXT NOT NULL DEFAULT '',
  ADD COLUMN "stream_number" BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN "contested_at" TIMESTAMPTZ(3),
  ADD COLUMN "refused_at" TIMESTAMPTZ(3),
  ADD COLUMN "refusals" BIGINT NOT NULL DEFAULT 0;
UPDATE "hosts" SET "stream_incarnation" = "incarnation_id";
CREATE INDEX "hosts_machine_id_idx" ON "hosts"("machine_id");
-- A machine is one host of the fleet.
CREATE UNIQUE INDEX "hosts_machine_of_the_fleet_key" ON "hosts"("machine_id")
  WHERE "machine_id" <> '' AND "decommissioned_at" IS NULL;

CREATE TABLE "host_incarnations" (
    "host_id" UUID NOT NULL,
    "incarnation_id" TEXT NOT NULL,
    "replaced_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "host_incarnations_pkey" PRIMARY KEY ("host_id","incarnation_id")
);
CREATE TABLE "identity_refusals" (
    "host_id" UUID NOT NULL,
    "machine" TEXT NOT NULL,
    "told_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "identity_refusals_pkey" PRIMARY KEY ("host_id","machine")
);
ALTER TABLE "host_incarnations" ADD CONSTRAINT "host_incarnations_host_id_fkey"
  FOREIGN KEY ("host_id") REFERENCES "hosts"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "identity_refusals" ADD CONSTRAINT "identity_refusals_host_id_fkey"
  FOREIGN KEY ("host_id") REFERENCES "hosts"("id") ON DELETE CASCADE ON UPDATE CASCADE;
