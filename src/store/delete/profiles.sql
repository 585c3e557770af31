-- The profile; its handles, links and observations go with it.
delete from profiles
where tenant_id = app_tenant() and platform = $1 and $2::text is not null
  and id in (select profile_id from doomed)
