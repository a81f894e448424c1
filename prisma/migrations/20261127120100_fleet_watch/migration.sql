-- Which replicas there are, by the database's clock.
CREATE TABLE "replicas" (
    "id" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "replicas_pkey" PRIMARY KEY ("id")
);

-- Since when the control plane as a whole can hear and reach hosts: one row.
CREATE TABLE "fleet_watch" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "heard_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "reached_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "silence_from" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deadlines_from" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "fleet_watch_pkey" PRIMARY KEY ("id")
);
ALTER TABLE "fleet_watch" ADD CONSTRAINT "fleet_watch_one_row_check" CHECK ("id" = 1);
INSERT INTO "fleet_watch" ("id", "heard_at", "reached_at") VALUES (1, 'epoch', 'epoch');
