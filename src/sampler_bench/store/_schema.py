"""The tables of a store."""

VERSION = 1

SCHEMA = """
CREATE TABLE studies (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, spec TEXT NOT NULL, state TEXT NOT NULL,
    created REAL NOT NULL, updated REAL NOT NULL
);
CREATE TABLE notes (
    study INTEGER NOT NULL REFERENCES studies(id), key TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (study, key)
) WITHOUT ROWID;
CREATE TABLE trials (
    study INTEGER NOT NULL REFERENCES studies(id), position INTEGER NOT NULL,
    config TEXT NOT NULL, prompt INTEGER NOT NULL, repeat INTEGER NOT NULL, fresh INTEGER NOT NULL,
    seed INTEGER NOT NULL, asked REAL NOT NULL,
    kind TEXT, written TEXT, failure TEXT, covariates TEXT, saved REAL,
    PRIMARY KEY (study, position), UNIQUE (study, config, prompt, repeat, fresh)
);
CREATE TABLE judgments (
    study INTEGER NOT NULL, position INTEGER NOT NULL, judge TEXT NOT NULL, kind TEXT NOT NULL,
    judgment TEXT NOT NULL, saved REAL NOT NULL,
    PRIMARY KEY (study, position, judge), FOREIGN KEY (study, position) REFERENCES trials
);
"""
# Of later versions; made where it is missing, as older files are otherwise the same.
ADDED = """
CREATE TABLE IF NOT EXISTS vectors (
    model TEXT NOT NULL, digest TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (model, digest)
) WITHOUT ROWID;
"""
