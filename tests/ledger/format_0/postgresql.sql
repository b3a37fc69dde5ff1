CREATE TABLE activations (
	id INTEGER NOT NULL,
	model VARCHAR(63) NOT NULL,
	worker TEXT NOT NULL,
	event VARCHAR(16) NOT NULL,
	role VARCHAR(16) NOT NULL,
	sequence INTEGER NOT NULL,
	version INTEGER NOT NULL,
	detail TEXT NOT NULL,
	happened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	previous_hash VARCHAR(64) NOT NULL,
	hash VARCHAR(64) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (model, previous_hash),
	UNIQUE (model, worker, event, role, happened_at),
	UNIQUE (hash)
)
---
CREATE TABLE decisions (
	id INTEGER NOT NULL,
	model VARCHAR(63) NOT NULL,
	kind VARCHAR(16) NOT NULL,
	"window" TEXT,
	reason TEXT NOT NULL,
	actor TEXT NOT NULL,
	evidence TEXT NOT NULL,
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	previous_hash VARCHAR(64) NOT NULL,
	hash VARCHAR(64) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (model, previous_hash),
	UNIQUE (hash)
)
---
COMMENT ON COLUMN decisions.evidence IS 'Canonical JSON.'
---
CREATE TABLE incident_events (
	id INTEGER NOT NULL,
	model VARCHAR(63) NOT NULL,
	incident TEXT NOT NULL,
	kind VARCHAR(16) NOT NULL,
	told TEXT NOT NULL,
	actor TEXT NOT NULL,
	facts TEXT NOT NULL,
	happened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	previous_hash VARCHAR(64) NOT NULL,
	hash VARCHAR(64) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (model, previous_hash),
	UNIQUE (hash)
)
---
COMMENT ON COLUMN incident_events.facts IS 'Canonical JSON.'
---
CREATE TABLE releases (
	model VARCHAR(63) NOT NULL,
	sequence INTEGER NOT NULL,
	version INTEGER NOT NULL,
	run_id VARCHAR(64) NOT NULL,
	digests TEXT NOT NULL,
	schema_hash VARCHAR(64) NOT NULL,
	environment_hash VARCHAR(64) NOT NULL,
	decision_id INTEGER NOT NULL,
	actor TEXT NOT NULL,
	released_at TIMESTAMP WITH TIME ZONE NOT NULL,
	previous_hash VARCHAR(64) NOT NULL,
	hash VARCHAR(64) NOT NULL,
	PRIMARY KEY (model, sequence),
	UNIQUE (model, previous_hash),
	UNIQUE (decision_id),
	FOREIGN KEY(decision_id) REFERENCES decisions (id),
	UNIQUE (hash)
)
---
COMMENT ON COLUMN releases.digests IS 'Canonical JSON: file -> SHA-256.'
---
CREATE TABLE packagings (
	id INTEGER NOT NULL,
	model VARCHAR(63) NOT NULL,
	sequence INTEGER NOT NULL,
	bento_tag TEXT NOT NULL,
	actor TEXT NOT NULL,
	packaged_at TIMESTAMP WITH TIME ZONE NOT NULL,
	previous_hash VARCHAR(64) NOT NULL,
	hash VARCHAR(64) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (model, previous_hash),
	FOREIGN KEY(model, sequence) REFERENCES releases (model, sequence),
	UNIQUE (hash)
)
---
CREATE OR REPLACE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the ledger is append-only: % of %', TG_OP, TG_TABLE_NAME; END $$
---
CREATE OR REPLACE TRIGGER activations_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON activations FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change()
---
CREATE OR REPLACE TRIGGER decisions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON decisions FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change()
---
CREATE OR REPLACE TRIGGER incident_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON incident_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change()
---
CREATE OR REPLACE TRIGGER releases_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON releases FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change()
---
CREATE OR REPLACE TRIGGER packagings_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON packagings FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change()
