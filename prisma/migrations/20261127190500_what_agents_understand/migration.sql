-- What a host's agent understands. Empty until its next hello: it is not known.
ALTER TABLE "hosts" ADD COLUMN "capabilities" TEXT[] DEFAULT ARRAY[]::TEXT[];
