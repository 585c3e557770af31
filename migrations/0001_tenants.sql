-- Who owns a row. Every table carries tenant_id from its first day, with the one tenant of a single-user installation as
-- its default, so that row-level security can be added later by policies alone and without rewriting a table.
create table tenants (
    id         uuid primary key default gen_random_uuid(),
    name       text not null unique check (name <> ''),
    created_at timestamptz not null default now()
);

insert into tenants (id, name) values ('00000000-0000-0000-0000-000000000001', 'default');
