-- Captures and screenshots that no other crawl refers to.
insert into doomed_blobs (key)
with going as (
    select id, screenshot_key, capture_key from crawl_history
    where tenant_id = app_tenant() and platform = $1
      and (profile_id in (select profile_id from doomed)
           or (profile_id is null and handle in (select handle from doomed)))
), keys as (
    select screenshot_key as key from going where screenshot_key is not null
    union select capture_key from going where capture_key is not null
)
select key from keys
where $2::text is not null and not exists (
    select from crawl_history staying
    where (staying.screenshot_key = keys.key or staying.capture_key = keys.key)
      and staying.id not in (select id from going))
on conflict do nothing
