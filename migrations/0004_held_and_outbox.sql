-- Values that were read and are not believed (yet): implausible ones, and those of selectors that are not active. Nothing
-- here is in profiles, posts or metrics; a person or a newer version releases or drops it.
create table held_values (
    id                bigint generated always as identity primary key,
    tenant_id         uuid not null default app_tenant() references tenants,
    crawl_id          bigint references crawl_history on delete cascade,
    job_id            text not null,
    fence             bigint not null,
    platform          text not null,
    handle            text not null,
    -- profile.followers, posts.<id>.views; or document for the whole of it.
    path              text not null,
    value             json not null,
    reason            text not null,
    fingerprint       text,
    selectors_version text,
    capture_key       text,
    state             text not null default 'held' check (state in ('held', 'released', 'dropped')),
    created_at        timestamptz not null default now(),
    decided_at        timestamptz,
    decided_by        text,
    unique (tenant_id, job_id, fence, path)
);
create index held_values_waiting on held_values (id) where state = 'held';
create index held_values_of_template on held_values (platform, fingerprint, id) where state = 'held';
create index held_values_of_crawl on held_values (crawl_id);
create index held_values_captures on held_values (capture_key) where capture_key is not null;

-- What happened, written in the transaction in which it happened and told afterwards: nothing is told that was rolled
-- back, nothing that stands stays untold.
create table outbox (
    id           bigint generated always as identity primary key,
    tenant_id    uuid not null default app_tenant() references tenants,
    -- The event's word, and what makes it the same event when it is written again.
    kind         text not null,
    event_key    text not null,
    payload      json not null,
    created_at   timestamptz not null default now(),
    not_before   timestamptz not null default now(),
    tries        integer not null default 0,
    last_error   text,
    delivered_at timestamptz,
    unique (tenant_id, kind, event_key)
);
create index outbox_waiting on outbox (not_before, id) where delivered_at is null;
create index outbox_delivered on outbox (delivered_at) where delivered_at is not null;

-- Blobs whose last row was deleted, entered in the same transaction: a crash between the two leaves work, not litter.
create table doomed_blobs (
    key       text primary key,
    tenant_id uuid not null default app_tenant() references tenants,
    since     timestamptz not null default now()
);
