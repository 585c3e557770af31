-- A post's count that a crawl did not publish (held back, or not shown) keeps its last published value, and each count has its own time, as
-- those of profiles have.
alter table posts
    add column views_at    timestamptz,
    add column likes_at    timestamptz,
    add column comments_at timestamptz,
    add column shares_at   timestamptz,
    add column saves_at    timestamptz;
update posts set
    views_at = case when views is not null then metrics_at end,
    likes_at = case when likes is not null then metrics_at end,
    comments_at = case when comments is not null then metrics_at end,
    shares_at = case when shares is not null then metrics_at end,
    saves_at = case when saves is not null then metrics_at end
where metrics_at is not null;
