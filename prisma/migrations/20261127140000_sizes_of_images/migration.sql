-- AlterTable
ALTER TABLE "releases" ADD COLUMN     "image_size_bytes" BIGINT NOT NULL DEFAULT 0,
ADD COLUMN     "initrd_size_bytes" BIGINT NOT NULL DEFAULT 0;
