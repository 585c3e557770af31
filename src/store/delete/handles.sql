-- What is to be deleted, for the statements that follow in this transaction: the profile that has, else last had, the
-- handle $2 on $1, and every handle it ever had that nobody else has now.
create temporary table doomed on commit drop as
with profile as (
    select profile_id from profile_handles
    where tenant_id = app_tenant() and platform = $1 and handle = $2
    order by until desc nulls first limit 1
)
select profile.profile_id, own.handle
from profile join profile_handles own using (profile_id)
where not exists (
    select from profile_handles other
    where other.tenant_id = own.tenant_id and other.platform = own.platform and other.handle = own.handle
      and other.until is null and other.profile_id <> own.profile_id)
union
-- The handle itself, also where no profile was ever found under it.
select (select profile_id from profile), $2
