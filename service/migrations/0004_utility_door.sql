-- What utilities may ask of their limits is in columns of its own, so that no question reads every body.
CREATE TABLE grid_limit_by_column (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which they were accepted
    id           TEXT NOT NULL UNIQUE,
    utility      TEXT NOT NULL,
    target       TEXT NOT NULL, -- connectionPoints/{id} or gridAreas/{id}
    programme    TEXT NOT NULL,
    revision     INTEGER NOT NULL,
    kind         TEXT NOT NULL,
    accepted_at  TEXT NOT NULL,
    starts_at    TEXT NOT NULL, -- of the first interval
    ends_at      TEXT NOT NULL, -- of the last interval
    cancelled_at TEXT,
    state        TEXT NOT NULL, -- the last one told
    settled      INTEGER NOT NULL, -- nothing follows that state
    body         TEXT NOT NULL
);
INSERT INTO grid_limit_by_column
    (id, utility, target, programme, revision, kind, accepted_at, starts_at, ends_at, cancelled_at, state, settled, body)
SELECT
    id,
    json_extract(body, '$.utility'),
    'connectionPoints/' || target,
    json_extract(body, '$.programme'),
    json_extract(body, '$.revision'),
    json_extract(body, '$.kind'),
    strftime('%Y-%m-%dT%H:%M:%fZ', json_extract(body, '$.accepted_at')),
    strftime('%Y-%m-%dT%H:%M:%fZ', COALESCE(json_extract(body, '$.intervals[0].interval.start'),
                                            json_extract(body, '$.accepted_at'))),
    strftime('%Y-%m-%dT%H:%M:%fZ', COALESCE(json_extract(body, '$.intervals[#-1].interval.end'),
                                            json_extract(body, '$.accepted_at'))),
    strftime('%Y-%m-%dT%H:%M:%fZ', json_extract(body, '$.cancelled_at')),
    CASE WHEN json_extract(body, '$.cancelled_at') IS NULL THEN 'ACCEPTED' ELSE 'CANCELLED' END,
    json_extract(body, '$.cancelled_at') IS NOT NULL,
    body
FROM grid_limit ORDER BY rowid;
DROP TABLE grid_limit;
ALTER TABLE grid_limit_by_column RENAME TO grid_limit;
CREATE INDEX grid_limit_revision ON grid_limit (utility, target, programme, revision);
CREATE INDEX grid_limit_page ON grid_limit (utility, seq);
CREATE INDEX grid_limit_target_page ON grid_limit (utility, target, seq);
CREATE INDEX grid_limit_standing ON grid_limit (target, ends_at) WHERE cancelled_at IS NULL;
CREATE INDEX grid_limit_unsettled ON grid_limit (seq) WHERE settled = 0;
CREATE INDEX grid_limit_ends_at ON grid_limit (ends_at);

-- What was answered to a change of any kind, so that a repeated request is answered as the first time.
ALTER TABLE limit_request RENAME TO utility_request;
ALTER TABLE utility_request ADD COLUMN method TEXT NOT NULL DEFAULT '';
UPDATE utility_request
    SET method = CASE WHEN json_extract(answer, '$.cancelled_at') IS NULL THEN 'SubmitLimit' ELSE 'CancelLimit' END;
CREATE INDEX utility_request_at ON utility_request (at);

-- What became of limits. Sequence numbers rise over all utilities and are never used again.
CREATE TABLE limit_status (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    utility  TEXT NOT NULL,
    limit_id TEXT NOT NULL,
    target   TEXT NOT NULL,
    at       TEXT NOT NULL,
    body     TEXT NOT NULL
);
CREATE INDEX limit_status_utility ON limit_status (utility, sequence);
CREATE INDEX limit_status_limit ON limit_status (limit_id, sequence);
CREATE INDEX limit_status_at ON limit_status (at);
INSERT INTO limit_status (utility, limit_id, target, at, body)
SELECT utility, id, target, COALESCE(cancelled_at, accepted_at), json_object(
    'state', state, 'affected_sessions', 0, 'confirmed_sessions', 0, 'measured_import_w', NULL,
    'expected_in_force_at', NULL, 'amiss', NULL)
FROM grid_limit ORDER BY seq;

-- Who changed what: a chain for each utility, and one of the operator. `target` is beside the chain, to find entries by.
CREATE TABLE audit_entry (
    chain          TEXT NOT NULL,
    sequence       INTEGER NOT NULL,
    at             TEXT NOT NULL,
    principal      TEXT NOT NULL,
    method         TEXT NOT NULL,
    request_id     TEXT NOT NULL,
    resource       TEXT NOT NULL,
    request_sha256 TEXT NOT NULL,
    result         TEXT NOT NULL,
    previous_hash  TEXT NOT NULL,
    hash           TEXT NOT NULL,
    target         TEXT,
    PRIMARY KEY (chain, sequence)
) WITHOUT ROWID;
CREATE INDEX audit_entry_at ON audit_entry (chain, at);
CREATE INDEX audit_entry_target ON audit_entry (chain, target, sequence);
CREATE TRIGGER audit_entry_appended BEFORE INSERT ON audit_entry
WHEN NEW.sequence <> 1 + COALESCE((SELECT MAX(sequence) FROM audit_entry WHERE chain = NEW.chain), 0)
BEGIN SELECT RAISE(ABORT, 'the audit is only appended to'); END;
CREATE TRIGGER audit_entry_updated BEFORE UPDATE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'the audit is only appended to'); END;
CREATE TRIGGER audit_entry_deleted BEFORE DELETE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'the audit is only appended to'); END;

-- The audit before there were chains stays as it is.
CREATE TRIGGER audit_inserted BEFORE INSERT ON audit
BEGIN SELECT RAISE(ABORT, 'this audit is closed: append to audit_entry'); END;
CREATE TRIGGER audit_updated BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'this audit is closed'); END;
CREATE TRIGGER audit_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'this audit is closed'); END;

-- What a connection point falls back to for a utility, and how the link between them stands.
CREATE TABLE safe_mode (
    utility    TEXT NOT NULL,
    node       TEXT NOT NULL,
    body       TEXT NOT NULL, -- null: nothing any more
    updated_at TEXT NOT NULL,
    PRIMARY KEY (utility, node)
);
CREATE TABLE link (
    utility TEXT NOT NULL,
    node    TEXT NOT NULL,
    at      TEXT NOT NULL, -- as of when
    body    TEXT NOT NULL,
    PRIMARY KEY (utility, node)
);

-- When a utility was last heard, and the number of its last heartbeat.
CREATE TABLE utility_seen (
    utility  TEXT PRIMARY KEY,
    at       TEXT NOT NULL,
    sequence INTEGER
);

CREATE TABLE grid_area (
    id           TEXT PRIMARY KEY,
    utility      TEXT NOT NULL,
    display_name TEXT NOT NULL,
    etag         TEXT NOT NULL,
    updated_at   TEXT NOT NULL
);
CREATE INDEX grid_area_utility ON grid_area (utility, id);
CREATE TABLE grid_area_member (
    area TEXT NOT NULL,
    node TEXT NOT NULL,
    PRIMARY KEY (area, node)
);
CREATE INDEX grid_area_member_node ON grid_area_member (node);

-- The limit of a connection point as it was known at the time. Stretches of a node are disjoint; the open one has no end.
CREATE TABLE limit_in_force (
    node  TEXT NOT NULL,
    start TEXT NOT NULL,
    end   TEXT,
    body  TEXT NOT NULL,
    PRIMARY KEY (node, start)
);

-- What the plan foretold that a connection point would draw without the limit.
CREATE TABLE baseline (
    node    TEXT NOT NULL,
    start   TEXT NOT NULL,
    end     TEXT NOT NULL,
    power_w REAL NOT NULL,
    PRIMARY KEY (node, start)
);

-- Who was enrolled, changed or left. Sequence numbers are as those of limit_status.
CREATE TABLE enrolment (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    utility  TEXT NOT NULL,
    node     TEXT NOT NULL,
    at       TEXT NOT NULL,
    change   TEXT NOT NULL,
    body     TEXT NOT NULL
);
CREATE INDEX enrolment_utility ON enrolment (utility, sequence);
CREATE INDEX enrolment_node ON enrolment (utility, node, sequence);
