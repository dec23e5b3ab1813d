-- Times are RFC 3339 text in UTC with milliseconds, so that text order is time order.
-- JSON columns hold domain types; the columns beside them are what is searched.

CREATE TABLE partner (
    id   TEXT PRIMARY KEY,
    body TEXT NOT NULL
);

-- Locations, tariffs and sessions as partners own them: `value` is what we understood, `raw` what they sent.
CREATE TABLE object (
    partner      TEXT NOT NULL,
    kind         TEXT NOT NULL,
    party        TEXT NOT NULL,
    id           TEXT NOT NULL COLLATE NOCASE,
    name         TEXT NOT NULL, -- partner/party/id: by which plans know a session
    last_updated TEXT NOT NULL,
    open         INTEGER NOT NULL DEFAULT 1, -- sessions: not yet over
    value        TEXT NOT NULL,
    raw          TEXT NOT NULL,
    warnings     TEXT NOT NULL,
    PRIMARY KEY (partner, kind, party, id)
);
CREATE INDEX object_open ON object (kind, open);
CREATE INDEX object_name ON object (kind, name);

CREATE TABLE preference (
    session TEXT PRIMARY KEY,
    body    TEXT NOT NULL
);

CREATE TABLE grid_limit (
    id     TEXT PRIMARY KEY,
    target TEXT NOT NULL,
    body   TEXT NOT NULL
);
CREATE INDEX grid_limit_target ON grid_limit (target);

-- What was answered to a request, so that a retried request is done once.
CREATE TABLE limit_request (
    utility    TEXT NOT NULL,
    request_id TEXT NOT NULL,
    hash       TEXT NOT NULL,
    answer     TEXT NOT NULL,
    at         TEXT NOT NULL,
    PRIMARY KEY (utility, request_id)
);

-- Every profile ever decided: the outbox, and the memory of what may be in force.
CREATE TABLE profile_request (
    revision   INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    session    TEXT NOT NULL,
    profile    TEXT NOT NULL,
    direction  TEXT NOT NULL,
    state      TEXT NOT NULL,
    created_at TEXT NOT NULL,
    sent_at    TEXT,
    settled_at TEXT,
    deadline   TEXT,
    outcome    TEXT, -- acknowledged, refused or silent; kept when a later request supersedes this one
    detail     TEXT
);
CREATE INDEX profile_request_session ON profile_request (session, state);
CREATE INDEX profile_request_state ON profile_request (state);

CREATE TABLE meter_reading (
    site        TEXT NOT NULL,
    start       TEXT NOT NULL,
    end         TEXT NOT NULL,
    import_w    REAL,
    base_load_w REAL,
    PRIMARY KEY (site, start)
);

-- What was learned of a session's vehicle.
CREATE TABLE uptake (
    session TEXT PRIMARY KEY,
    body    TEXT NOT NULL
);

-- Session power over time, for the page.
CREATE TABLE session_power (
    session TEXT NOT NULL,
    at      TEXT NOT NULL,
    power_w REAL NOT NULL,
    PRIMARY KEY (session, at)
);

CREATE TABLE audit (
    sequence  INTEGER PRIMARY KEY AUTOINCREMENT,
    at        TEXT NOT NULL,
    principal TEXT NOT NULL,
    action    TEXT NOT NULL,
    resource  TEXT NOT NULL,
    detail    TEXT NOT NULL
);
