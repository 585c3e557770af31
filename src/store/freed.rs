//! Who joined a job gets its result only where that gives what they asked for. Whether it does is seen when the job is done:
//! what it was asked for and what the site gave both count.

/// The beginning of a statement, after `with`: jobs that joined the one named by the parameter, which is done, and that its
/// result does not serve, are live again. The oldest moves up, to be pushed at once; the others join it and are judged again
/// at its end, so that one profile still has one live job. `freed` has their ids.
///
/// A result serves who asked for the same picture and for no more posts, or for any number where the profile has no more; and
/// where the profile could not be read (private, missing, refused) it serves all: what was to be had was asked for just now.
macro_rules! freed {
    ($leader:literal) => {
        concat!(
            "leader as (
                select id, posts, full_page, document from jobs
                where tenant_id = app_tenant() and id = ",
            $leader,
            " and state = 'done' and outcome in ('ok', 'partial')
            ), short as (
                select jobs.id, row_number() over (order by jobs.created_at, jobs.id) as place
                from jobs join leader on jobs.joined_to = leader.id
                where jobs.tenant_id = app_tenant() and (
                    jobs.full_page <> leader.full_page
                    or (jobs.posts > leader.posts
                        and leader.document -> 'coverage' ->> 'reason' is distinct from 'fewer_exist'))
            ), heir as (
                select id from short where place = 1
            ), freed as (
                update jobs set state = case when short.place = 1 then 'queued' else 'joined' end,
                    joined_to = case when short.place > 1 then heir.id end, pushed_at = null, not_before = now()
                from short, heir
                where jobs.tenant_id = app_tenant() and jobs.id = short.id
                returning jobs.id
            )"
        )
    };
}

pub(super) use freed;
