CREATE TABLE activations (
	id INTEGER NOT NULL,
	model VARCHAR(63) NOT NULL,
	worker TEXT NOT NULL,
	event VARCHAR(16) NOT NULL,
	role VARCHAR(16) NOT NULL,
	sequence INTEGER NOT NULL,
	version INTEGER NOT NULL,
	detail TEXT NOT NULL,
	happened_at DATETIME NOT NULL,
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
	window TEXT,
	reason TEXT NOT NULL,
	actor TEXT NOT NULL,
	evidence TEXT NOT NULL,
	made_at DATETIME NOT NULL,
	previous_hash VARCHAR(64) NOT NULL,
	hash VARCHAR(64) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (model, previous_hash),
	UNIQUE (hash)
)
---
CREATE TABLE incident_events (
	id INTEGER NOT NULL,
	model VARCHAR(63) NOT NULL,
	incident TEXT NOT NULL,
	kind VARCHAR(16) NOT NULL,
	told TEXT NOT NULL,
	actor TEXT NOT NULL,
	facts TEXT NOT NULL,
	happened_at DATETIME NOT NULL,
	previous_hash VARCHAR(64) NOT NULL,
	hash VARCHAR(64) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (model, previous_hash),
	UNIQUE (hash)
)
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
	released_at DATETIME NOT NULL,
	previous_hash VARCHAR(64) NOT NULL,
	hash VARCHAR(64) NOT NULL,
	PRIMARY KEY (model, sequence),
	UNIQUE (model, previous_hash),
	UNIQUE (decision_id),
	FOREIGN KEY(decision_id) REFERENCES decisions (id),
	UNIQUE (hash)
)
---
CREATE TABLE packagings (
	id INTEGER NOT NULL,
	model VARCHAR(63) NOT NULL,
	sequence INTEGER NOT NULL,
	bento_tag TEXT NOT NULL,
	actor TEXT NOT NULL,
	packaged_at DATETIME NOT NULL,
	previous_hash VARCHAR(64) NOT NULL,
	hash VARCHAR(64) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (model, previous_hash),
	FOREIGN KEY(model, sequence) REFERENCES releases (model, sequence),
	UNIQUE (hash)
)
---
CREATE TRIGGER IF NOT EXISTS activations_no_update BEFORE UPDATE ON activations BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: update of activations'); END
---
CREATE TRIGGER IF NOT EXISTS activations_no_delete BEFORE DELETE ON activations BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: delete of activations'); END
---
CREATE TRIGGER IF NOT EXISTS activations_no_replace BEFORE INSERT ON activations WHEN EXISTS (SELECT 1 FROM activations WHERE hash = NEW.hash OR id = NEW.id OR model = NEW.model AND previous_hash = NEW.previous_hash OR model = NEW.model AND worker = NEW.worker AND event = NEW.event AND role = NEW.role AND happened_at = NEW.happened_at) BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: replace of activations'); END
---
CREATE TRIGGER IF NOT EXISTS decisions_no_update BEFORE UPDATE ON decisions BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: update of decisions'); END
---
CREATE TRIGGER IF NOT EXISTS decisions_no_delete BEFORE DELETE ON decisions BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: delete of decisions'); END
---
CREATE TRIGGER IF NOT EXISTS decisions_no_replace BEFORE INSERT ON decisions WHEN EXISTS (SELECT 1 FROM decisions WHERE hash = NEW.hash OR id = NEW.id OR model = NEW.model AND previous_hash = NEW.previous_hash) BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: replace of decisions'); END
---
CREATE TRIGGER IF NOT EXISTS incident_events_no_update BEFORE UPDATE ON incident_events BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: update of incident_events'); END
---
CREATE TRIGGER IF NOT EXISTS incident_events_no_delete BEFORE DELETE ON incident_events BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: delete of incident_events'); END
---
CREATE TRIGGER IF NOT EXISTS incident_events_no_replace BEFORE INSERT ON incident_events WHEN EXISTS (SELECT 1 FROM incident_events WHERE hash = NEW.hash OR id = NEW.id OR model = NEW.model AND previous_hash = NEW.previous_hash) BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: replace of incident_events'); END
---
CREATE TRIGGER IF NOT EXISTS releases_no_update BEFORE UPDATE ON releases BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: update of releases'); END
---
CREATE TRIGGER IF NOT EXISTS releases_no_delete BEFORE DELETE ON releases BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: delete of releases'); END
---
CREATE TRIGGER IF NOT EXISTS releases_no_replace BEFORE INSERT ON releases WHEN EXISTS (SELECT 1 FROM releases WHERE decision_id = NEW.decision_id OR hash = NEW.hash OR model = NEW.model AND previous_hash = NEW.previous_hash OR model = NEW.model AND sequence = NEW.sequence) BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: replace of releases'); END
---
CREATE TRIGGER IF NOT EXISTS packagings_no_update BEFORE UPDATE ON packagings BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: update of packagings'); END
---
CREATE TRIGGER IF NOT EXISTS packagings_no_delete BEFORE DELETE ON packagings BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: delete of packagings'); END
---
CREATE TRIGGER IF NOT EXISTS packagings_no_replace BEFORE INSERT ON packagings WHEN EXISTS (SELECT 1 FROM packagings WHERE hash = NEW.hash OR id = NEW.id OR model = NEW.model AND previous_hash = NEW.previous_hash) BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: replace of packagings'); END
