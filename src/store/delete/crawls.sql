-- The history, with the observations and the held-back values that hang on it.
delete from crawl_history
where tenant_id = app_tenant() and platform = $1 and $2::text is not null
  and (profile_id in (select profile_id from doomed)
       or (profile_id is null and handle in (select handle from doomed)))
