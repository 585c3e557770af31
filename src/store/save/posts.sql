-- A crawl's posts. $1 the posts as JSON, $2 the profile, $3 the crawl, $4 when it looked, $5 the platform,
-- $6 whether it may judge, $7 from when on (null: everything), $8 the reason on a tombstone.
-- Every part sees the tables as they were before the statement, so "old" needs no statement of its own.
with given as materialized (
    select * from jsonb_to_recordset($1::jsonb) as given (
        post_id text, code text, url text, kind text, caption text, hashtags text[], mentions text[],
        published_at timestamptz, published_precision text, thumbnail_url text, video_url text, duration_s float8,
        width int, height int, music jsonb, sponsored boolean, ai_label boolean, children jsonb,
        views bigint, likes bigint, comments bigint, shares bigint, saves bigint, rounded text[], measured boolean,
        pinned boolean)
), old as (
    select posts.* from posts join given using (post_id)
    where posts.tenant_id = app_tenant() and posts.platform = $5
), shown as (
    select * from profile_posts where profile_id = $2
), written as (
    insert into posts (platform, post_id, code, url, kind, caption, hashtags, mentions, published_at,
        published_precision, thumbnail_url, video_url, duration_s, width, height, music, sponsored, ai_label, children,
        views, likes, comments, shares, saves, views_at, likes_at, comments_at, shares_at, saves_at, rounded, metrics_at,
        first_seen_at, observed_at)
    select $5, post_id, code, url, kind, caption, hashtags, mentions, published_at, published_precision, thumbnail_url,
        video_url, duration_s, width, height, music, sponsored, ai_label, children, views, likes, comments, shares,
        saves, case when views is not null then $4 end, case when likes is not null then $4 end,
        case when comments is not null then $4 end, case when shares is not null then $4 end,
        case when saves is not null then $4 end, rounded, case when measured then $4 end, $4, $4
    from given
    -- Two crawls that share posts lock them in one order.
    order by post_id
    on conflict (tenant_id, platform, post_id) do update set
        code = coalesce(excluded.code, posts.code),
        url = coalesce(excluded.url, posts.url),
        kind = coalesce(excluded.kind, posts.kind),
        caption = case when excluded.observed_at >= posts.observed_at
                       then coalesce(excluded.caption, posts.caption) else coalesce(posts.caption, excluded.caption) end,
        hashtags = case when cardinality(excluded.hashtags) > 0 then excluded.hashtags else posts.hashtags end,
        mentions = case when cardinality(excluded.mentions) > 0 then excluded.mentions else posts.mentions end,
        -- The site's own time beats one that was worked out.
        published_at = case when excluded.published_at is null
                                 or (posts.published_precision = 'exact' and excluded.published_precision <> 'exact')
                            then posts.published_at else excluded.published_at end,
        published_precision = case when excluded.published_at is null
                                 or (posts.published_precision = 'exact' and excluded.published_precision <> 'exact')
                            then posts.published_precision else excluded.published_precision end,
        thumbnail_url = coalesce(excluded.thumbnail_url, posts.thumbnail_url),
        video_url = coalesce(excluded.video_url, posts.video_url),
        duration_s = coalesce(excluded.duration_s, posts.duration_s),
        width = coalesce(excluded.width, posts.width),
        height = coalesce(excluded.height, posts.height),
        music = coalesce(excluded.music, posts.music),
        sponsored = coalesce(excluded.sponsored, posts.sponsored),
        ai_label = coalesce(excluded.ai_label, posts.ai_label),
        children = coalesce(excluded.children, posts.children),
        -- A count that this crawl did not publish keeps its last published value, with its own time.
        views = case when excluded.views_at >= coalesce(posts.views_at, '-infinity')
            then excluded.views else posts.views end,
        views_at = greatest(excluded.views_at, posts.views_at),
        likes = case when excluded.likes_at >= coalesce(posts.likes_at, '-infinity')
            then excluded.likes else posts.likes end,
        likes_at = greatest(excluded.likes_at, posts.likes_at),
        comments = case when excluded.comments_at >= coalesce(posts.comments_at, '-infinity')
            then excluded.comments else posts.comments end,
        comments_at = greatest(excluded.comments_at, posts.comments_at),
        shares = case when excluded.shares_at >= coalesce(posts.shares_at, '-infinity')
            then excluded.shares else posts.shares end,
        shares_at = greatest(excluded.shares_at, posts.shares_at),
        saves = case when excluded.saves_at >= coalesce(posts.saves_at, '-infinity')
            then excluded.saves else posts.saves end,
        saves_at = greatest(excluded.saves_at, posts.saves_at),
        rounded = nullif(array(
            select name from (values ('views', excluded.views_at, posts.views_at), ('likes', excluded.likes_at, posts.likes_at),
                ('comments', excluded.comments_at, posts.comments_at), ('shares', excluded.shares_at, posts.shares_at),
                ('saves', excluded.saves_at, posts.saves_at)) as counts (name, given, stored)
            where name = any(case when given >= coalesce(stored, '-infinity') then excluded.rounded else posts.rounded end)),
            '{}'),
        metrics_at = greatest(excluded.metrics_at, posts.metrics_at),
        first_seen_at = least(excluded.first_seen_at, posts.first_seen_at),
        observed_at = greatest(excluded.observed_at, posts.observed_at)
    returning id, post_id
), measured as (
    insert into post_metrics (post_id, crawl_id, observed_at, views, likes, comments, shares, saves, rounded)
    select written.id, $3, $4, views, likes, comments, shares, saves, rounded
    from written join given using (post_id)
    where measured
    on conflict do nothing
), linked as (
    insert into profile_posts (profile_id, post_id, pinned, first_seen_at, last_seen_at)
    select $2, written.id, pinned, $4, $4 from written join given using (post_id)
    on conflict (profile_id, post_id) do update set
        pinned = coalesce(excluded.pinned, profile_posts.pinned),
        last_seen_at = excluded.last_seen_at, gone_at = null, gone_reason = null
    where excluded.last_seen_at >= profile_posts.last_seen_at
), buried as (
    update profile_posts set gone_at = $4, gone_reason = $8
    from posts
    where $6 and profile_posts.profile_id = $2 and posts.id = profile_posts.post_id
      and profile_posts.gone_at is null and profile_posts.last_seen_at < $4
      and not exists (select from given where given.post_id = posts.post_id)
      and ($7::timestamptz is null
           or posts.published_at > $7 + case posts.published_precision when 'exact' then interval '0' else interval '1 day' end)
    returning posts.post_id
)
select given.post_id, false as gone, shown.post_id is null as is_new,
    coalesce(shown.gone_at is not null and shown.last_seen_at <= $4, false) as is_back,
    coalesce(old.metrics_at > $4, false) as late,
    old.views, old.likes, old.comments, old.shares, old.saves, old.rounded
from given left join old using (post_id) left join shown on shown.post_id = old.id
union all
select post_id, true, false, false, false, null, null, null, null, null, null from buried
