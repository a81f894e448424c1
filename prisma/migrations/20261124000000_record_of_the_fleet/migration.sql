-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateEnum
CREATE TYPE "Backend" AS ENUM ('kernel', 'engine', 'memory');

-- CreateEnum
CREATE TYPE "ReleaseKind" AS ENUM ('kernel', 'runtime');

-- CreateEnum
CREATE TYPE "CommandState" AS ENUM ('queued', 'sent', 'accepted', 'succeeded', 'failed', 'refused', 'voided');

-- CreateEnum
CREATE TYPE "SessionState" AS ENUM ('preserved', 'frozen', 'unpreserved', 'retrieved', 'finished', 'failed', 'lost');

-- CreateEnum
CREATE TYPE "FileState" AS ENUM ('preserved', 'frozen', 'unpreserved', 'deserialized', 'retrieved', 'finished', 'failed', 'lost');

-- CreateTable
CREATE TABLE "hosts" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "labels" JSONB NOT NULL DEFAULT '{}',
    "failure_domain" TEXT NOT NULL DEFAULT '',
    "backend" "Backend" NOT NULL,
    "online" BOOLEAN NOT NULL DEFAULT false,
    "replica_id" TEXT,
    "boot_id" TEXT NOT NULL DEFAULT '',
    "incarnation_id" TEXT NOT NULL DEFAULT '',
    "agent_version" TEXT NOT NULL DEFAULT '',
    "running_version" TEXT NOT NULL DEFAULT '',
    "running_sha256" TEXT NOT NULL DEFAULT '',
    "kernel_release" TEXT NOT NULL DEFAULT '',
    "handlers" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "workloads" JSONB NOT NULL DEFAULT '[]',
    "generation" BIGINT NOT NULL DEFAULT 0,
    "last_seen_at" TIMESTAMPTZ(3),
    "registered_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "decommissioned_at" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "hosts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "releases" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "kind" "ReleaseKind" NOT NULL,
    "release_version" TEXT NOT NULL,
    "image_uri" TEXT NOT NULL,
    "image_sha256" TEXT NOT NULL,
    "handlers" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "kernel_command_line" TEXT NOT NULL DEFAULT '',
    "initrd_uri" TEXT NOT NULL DEFAULT '',
    "initrd_sha256" TEXT NOT NULL DEFAULT '',
    "luo_abi" TEXT NOT NULL DEFAULT '',
    "labels" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "releases_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "rollouts" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "release_id" UUID NOT NULL,
    "selector" TEXT NOT NULL,
    "strategy" JSONB NOT NULL,
    "state" TEXT NOT NULL,
    "reason_code" TEXT NOT NULL DEFAULT '',
    "reason_detail" TEXT NOT NULL DEFAULT '',
    "failures_accepted" INTEGER NOT NULL DEFAULT 0,
    "plan" JSONB NOT NULL,
    "report" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "rollouts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "waves" (
    "id" UUID NOT NULL,
    "rollout_id" UUID NOT NULL,
    "index" INTEGER NOT NULL,
    "state" TEXT NOT NULL,
    "reason_code" TEXT NOT NULL DEFAULT '',
    "reason_detail" TEXT NOT NULL DEFAULT '',
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "waves_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "host_updates" (
    "id" UUID NOT NULL,
    "rollout_id" UUID NOT NULL,
    "wave_id" UUID NOT NULL,
    "host_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "state" TEXT NOT NULL,
    "phase" TEXT NOT NULL DEFAULT '',
    "reason_code" TEXT NOT NULL DEFAULT '',
    "reason_detail" TEXT NOT NULL DEFAULT '',
    "reason_errno" TEXT NOT NULL DEFAULT '',
    "reason_subject" TEXT NOT NULL DEFAULT '',
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "finish_tries" INTEGER NOT NULL DEFAULT 0,
    "generation" BIGINT NOT NULL DEFAULT 0,
    "deadline_at" TIMESTAMPTZ(3),
    "retry_at" TIMESTAMPTZ(3),
    "abort_requested" BOOLEAN NOT NULL DEFAULT false,
    "from_version" TEXT NOT NULL DEFAULT '',
    "to_version" TEXT NOT NULL DEFAULT '',
    "frozen_at" TIMESTAMPTZ(3),
    "resumed_at" TIMESTAMPTZ(3),
    "blackout_ms" DOUBLE PRECISION,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "host_updates_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "commands" (
    "idempotency_key" TEXT NOT NULL,
    "host_update_id" UUID NOT NULL,
    "host_id" UUID NOT NULL,
    "phase" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL,
    "generation" BIGINT NOT NULL,
    "after_key" TEXT NOT NULL DEFAULT '',
    "timeout_ms" INTEGER NOT NULL DEFAULT 0,
    "soak_ms" INTEGER NOT NULL DEFAULT 0,
    "state" "CommandState" NOT NULL DEFAULT 'queued',
    "outcome" TEXT NOT NULL DEFAULT '',
    "reason_code" TEXT NOT NULL DEFAULT '',
    "reason_detail" TEXT NOT NULL DEFAULT '',
    "reason_errno" TEXT NOT NULL DEFAULT '',
    "reason_subject" TEXT NOT NULL DEFAULT '',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "sent_at" TIMESTAMPTZ(3),
    "accepted_at" TIMESTAMPTZ(3),
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "commands_pkey" PRIMARY KEY ("idempotency_key")
);

-- CreateTable
CREATE TABLE "sessions" (
    "id" UUID NOT NULL,
    "host_id" UUID NOT NULL,
    "host_update_id" UUID NOT NULL,
    "attempt" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "workload" TEXT NOT NULL,
    "state" "SessionState" NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "sessions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "preserved_files" (
    "session_id" UUID NOT NULL,
    "token" DECIMAL(20,0) NOT NULL,
    "name" TEXT NOT NULL,
    "compatible" TEXT NOT NULL,
    "data_handle" DECIMAL(20,0) NOT NULL,
    "state" "FileState" NOT NULL,
    "size_bytes" BIGINT NOT NULL DEFAULT 0,
    "reason_code" TEXT NOT NULL DEFAULT '',
    "reason_detail" TEXT NOT NULL DEFAULT '',
    "errno_code" TEXT NOT NULL DEFAULT '',
    "errno" INTEGER NOT NULL DEFAULT 0,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "preserved_files_pkey" PRIMARY KEY ("session_id","token")
);

-- CreateTable
CREATE TABLE "events" (
    "sequence" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "kind" TEXT NOT NULL,
    "rollout_id" UUID,
    "host_id" UUID,
    "host_update_id" UUID,
    "reason_code" TEXT NOT NULL DEFAULT '',
    "message" TEXT NOT NULL,
    "data" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "events_pkey" PRIMARY KEY ("sequence")
);

-- CreateIndex
CREATE UNIQUE INDEX "hosts_name_key" ON "hosts"("name");

-- CreateIndex
CREATE INDEX "hosts_online_idx" ON "hosts"("online");

-- CreateIndex
CREATE UNIQUE INDEX "releases_name_key" ON "releases"("name");

-- CreateIndex
CREATE UNIQUE INDEX "rollouts_name_key" ON "rollouts"("name");

-- CreateIndex
CREATE INDEX "rollouts_state_idx" ON "rollouts"("state");

-- CreateIndex
CREATE INDEX "rollouts_created_at_id_idx" ON "rollouts"("created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "waves_rollout_id_index_key" ON "waves"("rollout_id", "index");

-- CreateIndex
CREATE INDEX "host_updates_host_id_idx" ON "host_updates"("host_id");

-- CreateIndex
CREATE INDEX "host_updates_wave_id_position_idx" ON "host_updates"("wave_id", "position");

-- CreateIndex
CREATE INDEX "host_updates_state_idx" ON "host_updates"("state");

-- CreateIndex
CREATE UNIQUE INDEX "host_updates_rollout_id_host_id_key" ON "host_updates"("rollout_id", "host_id");

-- CreateIndex
CREATE INDEX "commands_host_id_state_idx" ON "commands"("host_id", "state");

-- CreateIndex
CREATE INDEX "commands_host_update_id_idx" ON "commands"("host_update_id");

-- CreateIndex
CREATE INDEX "sessions_host_id_created_at_idx" ON "sessions"("host_id", "created_at");

-- CreateIndex
CREATE UNIQUE INDEX "sessions_host_update_id_attempt_name_key" ON "sessions"("host_update_id", "attempt", "name");

-- CreateIndex
CREATE INDEX "events_rollout_id_sequence_idx" ON "events"("rollout_id", "sequence");

-- CreateIndex
CREATE INDEX "events_host_id_sequence_idx" ON "events"("host_id", "sequence");

-- AddForeignKey
ALTER TABLE "rollouts" ADD CONSTRAINT "rollouts_release_id_fkey" FOREIGN KEY ("release_id") REFERENCES "releases"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "waves" ADD CONSTRAINT "waves_rollout_id_fkey" FOREIGN KEY ("rollout_id") REFERENCES "rollouts"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "host_updates" ADD CONSTRAINT "host_updates_rollout_id_fkey" FOREIGN KEY ("rollout_id") REFERENCES "rollouts"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "host_updates" ADD CONSTRAINT "host_updates_wave_id_fkey" FOREIGN KEY ("wave_id") REFERENCES "waves"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "host_updates" ADD CONSTRAINT "host_updates_host_id_fkey" FOREIGN KEY ("host_id") REFERENCES "hosts"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "commands" ADD CONSTRAINT "commands_host_update_id_fkey" FOREIGN KEY ("host_update_id") REFERENCES "host_updates"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "commands" ADD CONSTRAINT "commands_host_id_fkey" FOREIGN KEY ("host_id") REFERENCES "hosts"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_host_id_fkey" FOREIGN KEY ("host_id") REFERENCES "hosts"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_host_update_id_fkey" FOREIGN KEY ("host_update_id") REFERENCES "host_updates"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "preserved_files" ADD CONSTRAINT "preserved_files_session_id_fkey" FOREIGN KEY ("session_id") REFERENCES "sessions"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What the schema language cannot say follows. Each rule guards something that no single writer can see whole.

-- A host goes through one update at a time, over all rollouts.
CREATE UNIQUE INDEX "host_updates_one_active_per_host" ON "host_updates"("host_id")
  WHERE "state" IN ('running', 'rolling-back', 'held');

-- What the sweeps look for.
CREATE INDEX "host_updates_deadline_idx" ON "host_updates"("deadline_at")
  WHERE "state" IN ('running', 'rolling-back');
CREATE INDEX "host_updates_retry_idx" ON "host_updates"("retry_at") WHERE "state" = 'held';
CREATE INDEX "commands_open_idx" ON "commands"("host_id") WHERE "state" IN ('queued', 'sent', 'accepted');

-- States are the words of the state machines.
ALTER TABLE "rollouts" ADD CONSTRAINT "rollouts_state_check"
  CHECK ("state" IN ('planned', 'running', 'paused', 'aborting', 'succeeded', 'failed', 'aborted'));
ALTER TABLE "waves" ADD CONSTRAINT "waves_state_check"
  CHECK ("state" IN ('pending', 'running', 'succeeded', 'failed', 'cancelled'));
ALTER TABLE "host_updates" ADD CONSTRAINT "host_updates_state_check"
  CHECK ("state" IN ('pending', 'running', 'rolling-back', 'held', 'succeeded', 'rolled-back', 'failed', 'lost',
                     'lost-state', 'cancelled'));
ALTER TABLE "host_updates" ADD CONSTRAINT "host_updates_phase_check"
  CHECK ("phase" IN ('', 'preflight', 'preserve', 'freeze', 'reboot', 'retrieve', 'finish', 'verify'));
ALTER TABLE "commands" ADD CONSTRAINT "commands_phase_check"
  CHECK ("phase" IN ('preflight', 'preserve', 'freeze', 'reboot', 'retrieve', 'finish', 'verify', 'rollback'));

-- A state that waits for a moment says which.
ALTER TABLE "host_updates" ADD CONSTRAINT "host_updates_deadline_check"
  CHECK ("state" NOT IN ('running', 'rolling-back') OR "deadline_at" IS NOT NULL);
ALTER TABLE "host_updates" ADD CONSTRAINT "host_updates_retry_check"
  CHECK ("state" <> 'held' OR "retry_at" IS NOT NULL);

-- Tokens and data handles are u64.
ALTER TABLE "preserved_files" ADD CONSTRAINT "preserved_files_token_check"
  CHECK ("token" BETWEEN 0 AND 18446744073709551615);
ALTER TABLE "preserved_files" ADD CONSTRAINT "preserved_files_data_handle_check"
  CHECK ("data_handle" BETWEEN 0 AND 18446744073709551615);
ALTER TABLE "preserved_files" ADD CONSTRAINT "preserved_files_size_check" CHECK ("size_bytes" >= 0);

-- Events are never changed or taken away.
CREATE FUNCTION "events_refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'events are append-only: % refused', TG_OP USING ERRCODE = 'restrict_violation';
END;
$$;
CREATE TRIGGER "events_append_only" BEFORE UPDATE OR DELETE ON "events"
  FOR EACH ROW EXECUTE FUNCTION "events_refuse_change"();
CREATE TRIGGER "events_never_truncated" BEFORE TRUNCATE ON "events"
  FOR EACH STATEMENT EXECUTE FUNCTION "events_refuse_change"();
