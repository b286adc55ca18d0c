"""The tables of the store. A change is a new migration at the end of the list; those before it stay as they are.

What a worker of the version before writes as it ends its run has to be valid behind a migration too.
"""

MIGRATIONS = (
    """
    CREATE TABLE applications (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        name TEXT NOT NULL,
        remote TEXT NOT NULL,               -- the URL of "origin", '' where there is none
        public INTEGER NOT NULL DEFAULT 0,
        created_at INTEGER NOT NULL,        -- all times are milliseconds since 1970
        updated_at INTEGER NOT NULL,
        UNIQUE (owner, name)
    );
    CREATE TABLE checkouts (                -- the folders on this machine that hold an application
        path TEXT PRIMARY KEY,
        application TEXT NOT NULL REFERENCES applications (id),
        fingerprint TEXT NOT NULL,          -- of the files that say what the application is called and holds
        seen_at INTEGER NOT NULL
    );
    CREATE TABLE pipelines (
        id TEXT PRIMARY KEY,
        application TEXT NOT NULL REFERENCES applications (id),
        name TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        UNIQUE (application, name)
    );
    CREATE TABLE runs (
        seq INTEGER PRIMARY KEY,            -- the order of creation, whatever the clock does
        id TEXT NOT NULL UNIQUE,
        application TEXT NOT NULL REFERENCES applications (id),
        pipeline TEXT NOT NULL REFERENCES pipelines (id),
        repository TEXT NOT NULL,           -- the git repository on this machine that holds the commit
        branch TEXT NOT NULL,
        tag TEXT NOT NULL,                  -- '' unless the run is of a tag
        commit_hash TEXT NOT NULL,
        message TEXT NOT NULL,
        env_vars TEXT NOT NULL,             -- the JSON array of the payload: order and duplicates count
        host_vars TEXT NOT NULL,            -- the variables of this machine that reach it, a JSON object
        source_run TEXT REFERENCES runs (id),
        author TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        started_at INTEGER,
        finished_at INTEGER,
        progress INTEGER NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
        status TEXT NOT NULL DEFAULT 'notstarted',
            -- notstarted: waits for a worker
            -- started:    a worker has it and prepares the checkout
            -- running:    its own steps run
            -- finished:   for good
        result TEXT NOT NULL DEFAULT 'unknown' CHECK (result IN ('unknown', 'passed', 'failed', 'aborted')),
        abort INTEGER NOT NULL DEFAULT 0,   -- somebody asked; its worker has to see it
        worker TEXT,                        -- who holds it, while started or running
        lease_until INTEGER,                -- milliseconds of the machine's uptime, unless extended
        CHECK (status IN ('notstarted', 'started', 'running', 'finished')),
        CHECK ((status = 'finished') = (result <> 'unknown')),
        CHECK ((status = 'finished') = (finished_at IS NOT NULL)),
        CHECK ((status IN ('started', 'running')) = (worker IS NOT NULL))
    );
    CREATE INDEX runs_by_application ON runs (application, seq);
    CREATE INDEX runs_by_pipeline ON runs (pipeline, seq);
    CREATE INDEX runs_queued ON runs (seq) WHERE status = 'notstarted';
    CREATE INDEX runs_held ON runs (worker) WHERE worker IS NOT NULL;
    CREATE TABLE steps (
        id TEXT PRIMARY KEY,
        run TEXT NOT NULL REFERENCES runs (id),
        position INTEGER NOT NULL,          -- "order", from 1
        name TEXT NOT NULL,
        phase TEXT NOT NULL,                -- '' for the internal steps
        status TEXT NOT NULL DEFAULT 'notstarted' CHECK (status IN ('notstarted', 'running', 'finished')),
        result TEXT NOT NULL DEFAULT 'unknown' CHECK (result IN ('unknown', 'passed', 'failed', 'aborted')),
        message TEXT NOT NULL DEFAULT '',
        created_at INTEGER NOT NULL,
        started_at INTEGER,
        finished_at INTEGER,
        UNIQUE (run, position),
        CHECK ((status = 'finished') = (result <> 'unknown'))
    );
    CREATE TABLE workers (                  -- the processes that drain the queue
        id TEXT PRIMARY KEY
    );
    """,
    # Every filter of a list has an index in the order of creation, behind an application and behind a pipeline; and a
    # run may outlive the one that it started from. Removing a constraint by writing into the schema is the way that
    # SQLite documents; making the first index behind it lets other connections read the schema anew.
    """
    PRAGMA writable_schema = ON;
    UPDATE sqlite_schema SET sql = replace(sql, 'source_run TEXT REFERENCES runs (id)', 'source_run TEXT')
    WHERE type = 'table' AND name = 'runs';
    PRAGMA writable_schema = RESET;
    CREATE INDEX runs_by_source_run ON runs (source_run, seq) WHERE source_run IS NOT NULL;
    CREATE INDEX runs_by_application_commit_hash ON runs (application, commit_hash, seq);
    CREATE INDEX runs_by_pipeline_commit_hash ON runs (pipeline, commit_hash, seq);
    CREATE INDEX runs_by_application_branch ON runs (application, branch, seq);
    CREATE INDEX runs_by_pipeline_branch ON runs (pipeline, branch, seq);
    CREATE INDEX runs_by_application_author ON runs (application, author, seq);
    CREATE INDEX runs_by_pipeline_author ON runs (pipeline, author, seq);
    CREATE INDEX runs_by_application_result ON runs (application, result, seq);
    CREATE INDEX runs_by_pipeline_result ON runs (pipeline, result, seq);
    CREATE INDEX runs_by_application_tag ON runs (application, tag, seq) WHERE tag <> '';
    CREATE INDEX runs_by_pipeline_tag ON runs (pipeline, tag, seq) WHERE tag <> '';
    CREATE INDEX runs_unfinished_by_application ON runs (application, seq) WHERE status <> 'finished';
    CREATE INDEX runs_unfinished_by_pipeline ON runs (pipeline, seq) WHERE status <> 'finished';
    """,
    # Workflows that were started; and for a run of one, which of its nodes it is, and what it starts from.
    """
    CREATE TABLE workflows (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        nodes TEXT NOT NULL                 -- what the wercker.yml said then, a JSON array (workflow_runs.py)
    );
    ALTER TABLE runs ADD COLUMN workflow TEXT REFERENCES workflows (id);
    ALTER TABLE runs ADD COLUMN node TEXT NOT NULL DEFAULT '';
    ALTER TABLE runs ADD COLUMN inputs TEXT NOT NULL DEFAULT '[]';
        -- JSON: pairs of a folder, '' for the checkout itself, and the run whose artifact is put there
    UPDATE runs SET inputs = json_array(json_array('', source_run)) WHERE source_run IS NOT NULL;
    CREATE INDEX runs_by_workflow ON runs (workflow) WHERE workflow IS NOT NULL;
    """,
    """
    ALTER TABLE applications ADD COLUMN cache_run TEXT;  -- the run that has the cache until it ends, or had it last
    """,
    # What a server may show and run, and to whom.
    """
    ALTER TABLE applications ADD COLUMN served_from TEXT NOT NULL DEFAULT '';  -- the folder that a server runs it from
    ALTER TABLE applications ADD COLUMN fetched_from TEXT NOT NULL DEFAULT ''; -- the URL that this folder mirrors
    ALTER TABLE checkouts ADD COLUMN named INTEGER NOT NULL DEFAULT 0;         -- whether a person chose OWNER/NAME
    ALTER TABLE runs ADD COLUMN trouble TEXT NOT NULL DEFAULT '';  -- why its commit could not be fetched
    CREATE TABLE tokens (
        name TEXT PRIMARY KEY,              -- the user of the runs that it triggers
        hash TEXT NOT NULL UNIQUE,          -- SHA-256 of the token, in hexadecimal digits
        read_only INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        expires_at INTEGER
    );
    """,
    """
    ALTER TABLE runs ADD COLUMN base TEXT NOT NULL DEFAULT '';  -- of the URLs in its variables; '' where none was kept
    """,
)
