-- AlterTable
ALTER TABLE "sessions" ADD COLUMN     "assumed" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "preserved_files" ADD COLUMN     "assumed" BOOLEAN NOT NULL DEFAULT false;
