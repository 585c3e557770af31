-- Who owns a row. Every table of users' data carries tenant_id from its first day, so that row-level security can come
-- later by policies alone, without rewriting a table. Keys that a user may choose (a job's id, a profile) begin with
-- tenant_id: a key shared by all would tell one tenant what another one has.
create table tenants (
    id         uuid primary key default gen_random_uuid(),
    name       text not null unique check (name <> ''),
    created_at timestamptz not null default now()
);

-- The one tenant of an installation that knows no tenants.
insert into tenants (id, name) values ('00000000-0000-0000-0000-000000000001', 'default');

-- The tenant that this transaction works for: app.tenant where it is set, else the default one. After a transaction the
-- setting reads as '' and not as null, hence nullif. Column defaults and lookups call it, so no statement has to name it.
create function app_tenant() returns uuid
    language sql stable parallel safe
    return coalesce(nullif(current_setting('app.tenant', true), '')::uuid, '00000000-0000-0000-0000-000000000001'::uuid);
