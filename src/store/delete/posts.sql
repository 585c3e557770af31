-- Posts that no other profile shows; their observations go with them.
delete from posts
where tenant_id = app_tenant() and platform = $1 and $2::text is not null
  and id in (select post_id from profile_posts where profile_id in (select profile_id from doomed))
  and not exists (
      select from profile_posts elsewhere
      where elsewhere.post_id = posts.id and elsewhere.profile_id not in (select profile_id from doomed where profile_id is not null))
