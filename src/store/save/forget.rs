//! Taking back what a crawl wrote: its observations, the posts and links that only it has seen, the texts whose newest source
//! it is, its tombstones. Current counts fall back, each by itself, to the newest observation that remains.

use sqlx::PgConnection;

use chrono::{DateTime, Utc};

/// Takes back what the crawl that looked at `observed_at` wrote.
pub(super) async fn forget(
    connection: &mut PgConnection,
    crawl: i64,
    observed_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let captions = "
        update posts set caption = null, hashtags = '{}', mentions = '{}', published_at = null,
            published_precision = null, kind = null, code = null, url = null, duration_s = null, music = null,
            children = null, thumbnail_url = null, video_url = null, width = null, height = null, sponsored = null,
            ai_label = null
        from post_metrics where post_metrics.crawl_id = $1 and posts.id = post_metrics.post_id and posts.observed_at = $2";
    // Each count is the newest that remains; one of which no observation is kept stays, unless it was this crawl's.
    let posts = "
        with mine as (
            delete from post_metrics where crawl_id = $1 returning post_id, views, likes, comments, shares, saves
        ), left_over as (
            select posts.id, counts.name, coalesce(newest.value, own.value) as value, coalesce(newest.at, own.at) as at,
                counts.name = any(case when newest.at is null then posts.rounded else newest.rounded end) as inexact
            from mine join posts on posts.id = mine.post_id
                cross join lateral (values ('views', mine.views, posts.views, posts.views_at),
                    ('likes', mine.likes, posts.likes, posts.likes_at),
                    ('comments', mine.comments, posts.comments, posts.comments_at),
                    ('shares', mine.shares, posts.shares, posts.shares_at),
                    ('saves', mine.saves, posts.saves, posts.saves_at)) as counts (name, written, value, at)
                left join lateral (
                    select value, m.observed_at as at, m.rounded
                    from post_metrics m cross join lateral (select case counts.name when 'views' then m.views
                        when 'likes' then m.likes when 'comments' then m.comments when 'shares' then m.shares
                        else m.saves end) as of (value)
                    where m.post_id = posts.id and m.crawl_id <> $1 and value is not null
                    order by m.observed_at desc limit 1) newest on true
                left join lateral (select counts.value, counts.at
                    where counts.at is distinct from $2 and (counts.written is null or posts.metrics_at is distinct from $2)
                ) own on true
        ), now as (
            select id, max(value) filter (where name = 'views') as views, max(at) filter (where name = 'views') as views_at,
                max(value) filter (where name = 'likes') as likes, max(at) filter (where name = 'likes') as likes_at,
                max(value) filter (where name = 'comments') as comments,
                max(at) filter (where name = 'comments') as comments_at,
                max(value) filter (where name = 'shares') as shares, max(at) filter (where name = 'shares') as shares_at,
                max(value) filter (where name = 'saves') as saves, max(at) filter (where name = 'saves') as saves_at,
                array_agg(name) filter (where inexact and value is not null) as rounded, max(at) as metrics_at
            from left_over group by id
        )
        update posts set views = now.views, likes = now.likes, comments = now.comments, shares = now.shares,
            saves = now.saves, views_at = now.views_at, likes_at = now.likes_at, comments_at = now.comments_at,
            shares_at = now.shares_at, saves_at = now.saves_at, rounded = now.rounded, metrics_at = now.metrics_at
        from now where posts.id = now.id";
    let own_posts = "
        with crawl as (select profile_id from crawl_history where id = $1), lifted as (
            update profile_posts set gone_at = null, gone_reason = null
            where profile_id = (select profile_id from crawl) and gone_at = $2
        )
        delete from posts using profile_posts
        where profile_posts.profile_id = (select profile_id from crawl) and posts.id = profile_posts.post_id
          and profile_posts.first_seen_at = $2 and profile_posts.last_seen_at = $2 and posts.first_seen_at = $2
          and not exists (select from post_metrics where post_metrics.post_id = posts.id and crawl_id <> $1)";
    // Another profile's posts stay, and are no more shown by this one.
    let links = "
        delete from profile_posts
        where profile_id = (select profile_id from crawl_history where id = $1)
          and first_seen_at = $2 and last_seen_at = $2";
    let observation = "delete from profile_metrics where crawl_id = $1 and $2::timestamptz is not null";
    let texts = "
        update profiles set display_name = null, bio = null, links = '{}', category = null, picture_url = null,
            picture_identity = null, picture_hash = null, verified = null, private = null, business = null,
            language = null, region = null
        where id = (select profile_id from crawl_history where id = $1) and observed_at = $2";
    let counts = "
        update profiles set
            followers = case when followers_at = $2 then null else followers end, followers_at = nullif(followers_at, $2),
            following = case when following_at = $2 then null else following end, following_at = nullif(following_at, $2),
            likes = case when likes_at = $2 then null else likes end, likes_at = nullif(likes_at, $2),
            posts_count = case when posts_count_at = $2 then null else posts_count end,
            posts_count_at = nullif(posts_count_at, $2), metrics_at = nullif(metrics_at, $2)
        where id = (select profile_id from crawl_history where id = $1)";
    for sql in [captions, posts, own_posts, links, observation, texts, counts] {
        sqlx::query(sql).bind(crawl).bind(observed_at).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Sets a profile's current counts to the newest observation of each; one that no kept observation has stays as it is.
pub(super) async fn recount(connection: &mut PgConnection, profile: i64) -> Result<(), sqlx::Error> {
    let sql = "
        with recent as materialized (select * from profile_metrics where profile_id = $1)
        update profiles set
            followers = coalesce(a.followers, profiles.followers),
            followers_at = coalesce(a.observed_at, followers_at),
            following = coalesce(b.following, profiles.following),
            following_at = coalesce(b.observed_at, following_at),
            likes = coalesce(c.likes, profiles.likes), likes_at = coalesce(c.observed_at, likes_at),
            posts_count = coalesce(d.posts_count, profiles.posts_count),
            posts_count_at = coalesce(d.observed_at, posts_count_at),
            rounded = nullif(array_remove(array[
                case when 'followers' = any(case when a.observed_at is null then profiles.rounded else a.rounded end)
                    then 'followers' end,
                case when 'following' = any(case when b.observed_at is null then profiles.rounded else b.rounded end)
                    then 'following' end,
                case when 'likes' = any(case when c.observed_at is null then profiles.rounded else c.rounded end)
                    then 'likes' end,
                case when 'posts_count' = any(case when d.observed_at is null then profiles.rounded else d.rounded end)
                    then 'posts_count' end], null), '{}'),
            metrics_at = greatest(coalesce(a.observed_at, followers_at), coalesce(b.observed_at, following_at),
                coalesce(c.observed_at, likes_at), coalesce(d.observed_at, posts_count_at))
        from (select 1) one
            left join (select followers, rounded, observed_at from recent where followers is not null
                       order by observed_at desc limit 1) a on true
            left join (select following, rounded, observed_at from recent where following is not null
                       order by observed_at desc limit 1) b on true
            left join (select likes, rounded, observed_at from recent where likes is not null
                       order by observed_at desc limit 1) c on true
            left join (select posts_count, rounded, observed_at from recent where posts_count is not null
                       order by observed_at desc limit 1) d on true
        where profiles.id = $1";
    sqlx::query(sql).bind(profile).execute(connection).await?;
    Ok(())
}

/// Takes away a profile that only a bad reading had made: no crawl and no observation is its own.
pub(super) async fn drop_orphan(connection: &mut PgConnection, profile: i64) -> Result<(), sqlx::Error> {
    let sql = "
        delete from profiles where id = $1
          and not exists (select from crawl_history where profile_id = $1)
          and not exists (select from profile_metrics where profile_id = $1)
          and not exists (select from profile_posts where profile_id = $1)";
    sqlx::query(sql).bind(profile).execute(connection).await?;
    Ok(())
}
