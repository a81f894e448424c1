-- What could not be stored as it was reported, with the reason. No foreign keys: nothing may keep a row out.
CREATE TABLE "set_aside" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "host_id" UUID,
    "host_update_id" UUID,
    "rollout_id" UUID,
    "reason_code" TEXT NOT NULL,
    "reason_detail" TEXT NOT NULL,
    "content" TEXT NOT NULL,
    "times" INTEGER NOT NULL DEFAULT 1,
    "first_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "set_aside_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "set_aside_kind_subject_key" ON "set_aside"("kind", "subject");

-- The planner reads a rollout's host updates in their order.
CREATE INDEX "host_updates_rollout_id_position_idx" ON "host_updates"("rollout_id", "position");
