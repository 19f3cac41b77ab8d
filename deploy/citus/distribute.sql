-- Distributes an installation by site over a Citus cluster: docs/how-to-scale-postgresql.md says what that means, and what of this was
-- never run on Citus itself. Run it once, as the tables' owner, while no node of Consent Server runs, after a backup:
--
--     psql --single-transaction --set ON_ERROR_STOP=1 --file deploy/citus/distribute.sql DATABASE

-- Triggers that refuse changes look at their own row alone: they are as right on a shard.
SET LOCAL citus.enable_unsafe_triggers = on;

-- A unique index of a distributed table has the column by which it is distributed. Ids are random: 122 bits of a record's, so that
-- "once in its site" is as good as "once".
ALTER TABLE consent_record_past DROP CONSTRAINT IF EXISTS pk_consent_record_past;
DO $$
BEGIN
    IF to_regclass('consent_record_past') IS NOT NULL THEN
        ALTER TABLE consent_record_past ADD CONSTRAINT pk_consent_record_past PRIMARY KEY (record_id, site_id);
    END IF;
END $$;

ALTER TABLE proof_pending DROP CONSTRAINT uq_proof_pending_record_id;
ALTER TABLE proof_pending DROP CONSTRAINT pk_proof_pending;
ALTER TABLE proof_pending ADD CONSTRAINT pk_proof_pending PRIMARY KEY (seq, site_id);
ALTER TABLE proof_pending ADD CONSTRAINT uq_proof_pending_record_id UNIQUE (record_id, site_id);

ALTER TABLE proof_entry DROP CONSTRAINT uq_proof_entry_record_id;
ALTER TABLE proof_entry ADD CONSTRAINT uq_proof_entry_record_id UNIQUE (record_id, site_id);

-- It reads another table, which a trigger on a shard does not see whole. What it closes is a moment around midnight at the end of a
-- month: see the account.
DROP TRIGGER refuse_taken_record_id ON proof_pending;

-- What grows with answers: a site's rows of all of these stand on one node.
SELECT create_distributed_table('consent_record', 'site_id');
SELECT create_distributed_table('proof_pending', 'site_id', colocate_with => 'consent_record');
SELECT create_distributed_table('proof_entry', 'site_id', colocate_with => 'consent_record');
SELECT create_distributed_table('proof_tile', 'site_id', colocate_with => 'consent_record');
SELECT create_distributed_table('proof_checkpoint', 'site_id', colocate_with => 'consent_record');
SELECT create_distributed_table('answer_count', 'site_id', colocate_with => 'consent_record');
SELECT create_distributed_table('page_count', 'site_id', colocate_with => 'consent_record');
SELECT create_distributed_table('notice_count', 'site_id', colocate_with => 'consent_record');

-- What is read beside them on every node.
SELECT create_reference_table('site');
SELECT create_reference_table('proof_log');

-- Everything else stays on the coordinator: accounts, drafts, configurations and their files, the anchor log's own tables.
