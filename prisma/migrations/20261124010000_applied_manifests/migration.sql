-- CreateTable
CREATE TABLE "applied_manifests" (
    "idempotency_key" TEXT NOT NULL,
    "manifest_sha256" TEXT NOT NULL,
    "rollout_id" UUID NOT NULL,
    "applied_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "applied_manifests_pkey" PRIMARY KEY ("idempotency_key")
);

-- CreateIndex
CREATE INDEX "applied_manifests_rollout_id_idx" ON "applied_manifests"("rollout_id");

-- AddForeignKey
ALTER TABLE "applied_manifests" ADD CONSTRAINT "applied_manifests_rollout_id_fkey" FOREIGN KEY ("rollout_id") REFERENCES "rollouts"("id") ON DELETE CASCADE ON UPDATE CASCADE;
