-- Selector sets belong to the installation and not to a tenant: a site looks the same to all of them. So these tables
-- have no tenant_id; nothing of a tenant's profiles may be written into them (evidence names counts and hashes).

-- A version never changes once it is there; only its state moves. The files under selectors/ are the seed.
create table selector_versions (
    platform    text not null,
    version     text not null,
    parent      text,
    -- The template it was learned from; null for one that was written by hand for all.
    fingerprint text,
    evidence    jsonb not null default '{}',
    author      text not null,
    body        text not null,
    state       text not null check (state in ('candidate', 'replay', 'shadow', 'canary', 'active', 'retired', 'forbidden')),
    created_at  timestamptz not null default now(),
    primary key (platform, version),
    foreign key (platform, parent) references selector_versions
);

create function selector_versions_are_immutable() returns trigger language plpgsql as $$
begin
    if (new.platform, new.version, new.parent, new.fingerprint, new.evidence, new.author, new.body, new.created_at)
        is distinct from
       (old.platform, old.version, old.parent, old.fingerprint, old.evidence, old.author, old.body, old.created_at) then
        raise exception 'selector version %/% cannot be changed: make a new one', old.platform, old.version;
    end if;
    return new;
end $$;
create trigger selector_versions_immutable before update on selector_versions
    for each row execute function selector_versions_are_immutable();

-- Which version is used where: one row a template and slot. The fingerprint '' stands for every template without a row
-- of its own. Promotion and rollback move a row here and write an event; nothing else.
create table selector_pointers (
    platform    text not null,
    fingerprint text not null default '',
    slot        text not null check (slot in ('active', 'canary', 'shadow')),
    version     text not null,
    -- Set by a person: no promotion or rollback moves it.
    pinned      boolean not null default false,
    moved_at    timestamptz not null default now(),
    primary key (platform, fingerprint, slot),
    foreign key (platform, version) references selector_versions
);

-- The whole story, for `sentinel selectors history`; only ever added to. Refusals stand here too, with their template.
create table selector_events (
    id          bigint generated always as identity primary key,
    at          timestamptz not null default now(),
    platform    text not null,
    fingerprint text not null default '',
    version     text,
    kind        text not null,
    actor       text not null,
    detail      jsonb not null default '{}'
);
create index selector_events_story on selector_events (platform, id desc);
create index selector_events_refusals on selector_events (platform, fingerprint, id desc) where kind = 'refused';

-- How each rule does, added up.
create table selector_health (
    platform     text not null,
    version      text not null,
    field        text not null,
    rule         text not null,
    crawls       bigint not null default 0,
    hits         bigint not null default 0,
    errors       bigint not null default 0,
    last_checked timestamptz not null default now(),
    last_hit     timestamptz,
    primary key (platform, version, field, rule)
);

-- Only one worker heals a template at a time; a claim that is not renewed lapses.
create table heal_claims (
    platform    text not null,
    fingerprint text not null,
    holder      text not null,
    until       timestamptz not null,
    primary key (platform, fingerprint)
);
