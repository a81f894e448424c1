-- Events are numbered and written by the server, within COMMIT: the lock that makes sequence order commit order is never
-- held while a client has the next turn. A transaction leaves its events in one row here, which COMMIT takes away.
CREATE TABLE "event_batches" (
    "id" BIGSERIAL NOT NULL,
    "drafts" JSONB NOT NULL,

    CONSTRAINT "event_batches_pkey" PRIMARY KEY ("id")
);

CREATE FUNCTION "write_event_drafts"(drafts jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO "events" ("at", "kind", "rollout_id", "host_id", "host_update_id", "reason_code", "message", "data")
  SELECT clock_timestamp(), d.value->>'kind', (d.value->>'rolloutId')::uuid, (d.value->>'hostId')::uuid,
         (d.value->>'hostUpdateId')::uuid, COALESCE(d.value->>'reasonCode', ''), d.value->>'message',
         COALESCE(d.value->'data', '{}')
  FROM jsonb_array_elements(drafts) WITH ORDINALITY AS d(value, place) ORDER BY d.place;
$$;

CREATE FUNCTION "event_batches_commit"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  draft jsonb;
BEGIN
  PERFORM pg_advisory_xact_lock(7270310);
  BEGIN
    PERFORM "write_event_drafts"(NEW."drafts");
  EXCEPTION WHEN data_exception OR integrity_constraint_violation OR raise_exception OR program_limit_exceeded THEN
    -- One by one: what can not be stored costs itself, and is told.
    FOR draft IN SELECT value FROM jsonb_array_elements(NEW."drafts") LOOP
      BEGIN
        PERFORM "write_event_drafts"(jsonb_build_array(draft));
      EXCEPTION WHEN data_exception OR integrity_constraint_violation OR raise_exception OR program_limit_exceeded THEN
        INSERT INTO "set_aside" ("id", "kind", "subject", "reason_code", "reason_detail", "content")
        VALUES (gen_random_uuid(), 'event', NEW."id" || ' ' || md5(draft::text), 'SQLSTATE_' || SQLSTATE,
                left(SQLERRM, 1000), left(draft::text, 262144))
        ON CONFLICT ("kind", "subject") DO UPDATE SET "times" = "set_aside"."times" + 1, "last_at" = now();
        INSERT INTO "events" ("at", "kind", "reason_code", "message", "data")
        VALUES (clock_timestamp(), 'set-aside', 'SQLSTATE_' || SQLSTATE,
                'Could not store an event; it was set aside.', '{"kind":"event"}');
      END;
    END LOOP;
  END;
  DELETE FROM "event_batches" WHERE "id" = NEW."id";
  RETURN NULL;
END;
$$;

CREATE CONSTRAINT TRIGGER "event_batches_commit" AFTER INSERT ON "event_batches"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "event_batches_commit"();
