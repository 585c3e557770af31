-- Jobs of its handles with their documents. A live one goes too: its worker's write finds no row and is refused.
delete from jobs
where tenant_id = app_tenant() and platform = $1 and handle in (select handle from doomed) and $2::text is not null
