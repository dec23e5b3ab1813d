-- What partners send is not as the standard has it: every deviation counted, one example kept.
CREATE TABLE warning (
    partner       TEXT NOT NULL,
    module        TEXT NOT NULL,
    place         TEXT NOT NULL, -- the path with [] for every index
    rule          TEXT NOT NULL,
    severity      TEXT NOT NULL,
    count         INTEGER NOT NULL,
    first_seen    TEXT NOT NULL,
    last_seen     TEXT NOT NULL,
    example_id    TEXT,
    example_path  TEXT NOT NULL,
    example_value TEXT NOT NULL, -- JSON
    PRIMARY KEY (partner, module, place, rule, severity)
);

-- Objects that could not be read, as they were last sent.
CREATE TABLE rejected (
    partner  TEXT NOT NULL,
    module   TEXT NOT NULL,
    id       TEXT NOT NULL COLLATE NOCASE,
    at       TEXT NOT NULL,
    reason   TEXT NOT NULL,
    raw      TEXT NOT NULL,
    warnings TEXT NOT NULL,
    PRIMARY KEY (partner, module, id)
);

-- How far the pulls of a partner's module are, so that they go on where they stopped.
CREATE TABLE pull (
    partner TEXT NOT NULL,
    module  TEXT NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (partner, module)
);

-- When a partner last called us, or answered.
CREATE TABLE partner_seen (
    partner TEXT PRIMARY KEY,
    at      TEXT NOT NULL
);

-- When an object was last told of, newer or not: what a full pull does not tell of is no longer there.
ALTER TABLE object ADD COLUMN seen_at TEXT;

-- What stations say they do, as the latest word of each session.
CREATE TABLE station_report (
    session TEXT PRIMARY KEY,
    at      TEXT NOT NULL,
    until   TEXT NOT NULL,
    profile TEXT NOT NULL
);

-- Questions to stations for the profile that they obey.
CREATE TABLE profile_query (
    id          TEXT PRIMARY KEY,
    session     TEXT NOT NULL,
    asked_at    TEXT NOT NULL,
    answered_at TEXT
);

-- EVSEs that take no profiles by the word of their partner, each as it then was published.
CREATE TABLE unsteerable (
    partner   TEXT NOT NULL,
    location  TEXT NOT NULL COLLATE NOCASE,
    evse      TEXT NOT NULL COLLATE NOCASE,
    at        TEXT NOT NULL,
    published TEXT NOT NULL,
    PRIMARY KEY (partner, location, evse)
);
