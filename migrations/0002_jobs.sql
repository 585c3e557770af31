-- The ledger: every accepted job is a row, committed before it is acknowledged. Redis only carries jobs; what this table
-- says is what counts.
create table jobs (
    tenant_id    uuid not null default app_tenant() references tenants,
    id           text not null,
    platform     text not null,
    handle       text not null,
    -- Options of the crawl.
    posts        smallint not null check (posts between 1 and 200),
    full_page    boolean not null,
    priority     text not null check (priority in ('high', 'normal', 'low')),
    -- The order of the words above, for the relay's index.
    urgency      smallint not null generated always as
                     (case priority when 'high' then 0 when 'normal' then 1 else 2 end) stored,
    -- queued -> leased -> done | dead | cancelled; back to queued by a retry, a snooze or a hand-back.
    -- joined: another live job crawls the same profile; what comes out there is this job's result.
    state        text not null default 'queued'
                     check (state in ('queued', 'leased', 'joined', 'done', 'dead', 'cancelled')),
    joined_to    text,
    -- Attempts that were spent and came to nothing; a snooze spends none.
    attempts     integer not null default 0,
    -- Times that a worker died with it: counted apart from errors.
    deaths       integer not null default 0,
    -- After too many deaths it runs alone, with a browser of its own.
    quarantined  boolean not null default false,
    -- The lease's number: it only grows, and who writes must name the present one.
    fence        bigint not null default 0,
    worker       text,
    leased_at    timestamptz,
    -- Not to be pushed before this; when it was pushed to Redis, null while it is not there.
    not_before   timestamptz not null default now(),
    pushed_at    timestamptz,
    -- What came out. json and not jsonb: it keeps the document's bytes, the order of its keys among them.
    outcome      text,
    document     json,
    -- Why it waits or was buried, for a person; the worker's last words with it.
    reason       text,
    last_log     text,
    created_at   timestamptz not null default now(),
    finished_at  timestamptz,
    primary key (tenant_id, id),
    check ((state = 'joined') = (joined_to is not null))
) with (fillfactor = 80);

-- One profile is never crawled twice at once: at most one live job for it. A second submission meets this and joins.
create unique index jobs_live_target on jobs (tenant_id, platform, handle) where state in ('queued', 'leased');
-- "What is due to be pushed?", most urgent first.
create index jobs_due on jobs (urgency, not_before) where state = 'queued' and pushed_at is null;
-- "Every live job in order", for reconciliation page by page.
create index jobs_live on jobs (tenant_id, id) where state in ('queued', 'leased');
-- "Jobs of this state, newest first", for lists, exports and counts.
create index jobs_by_state on jobs (state, created_at desc, id desc);
-- "All jobs, newest first".
create index jobs_by_age on jobs (created_at desc, id desc);
-- "Who waits for this job?"
create index jobs_joined on jobs (tenant_id, joined_to) where joined_to is not null;
-- "What may be forgotten?"
create index jobs_finished on jobs (finished_at) where finished_at is not null;
