-- The versions' table under the name that the manual and the issues use. The old name stays as a view, which programs of the version
-- before read and write as if it were the table; a later contract drops it.
alter table selector_versions rename to selectors;
alter table selectors rename constraint selector_versions_pkey to selectors_pkey;
alter table selectors rename constraint selector_versions_state_check to selectors_state_check;
alter table selectors rename constraint selector_versions_platform_parent_fkey to selectors_platform_parent_fkey;
alter function selector_versions_are_immutable() rename to selectors_are_immutable;
alter trigger selector_versions_immutable on selectors rename to selectors_immutable;
create view selector_versions as select * from selectors;

-- A count that a crawl did not publish (held back, or not shown) keeps its last published value, and each count has its own time.
alter table profiles
    add column followers_at   timestamptz,
    add column following_at   timestamptz,
    add column likes_at       timestamptz,
    add column posts_count_at timestamptz;
update profiles set
    followers_at = case when followers is not null then metrics_at end,
    following_at = case when following is not null then metrics_at end,
    likes_at = case when likes is not null then metrics_at end,
    posts_count_at = case when posts_count is not null then metrics_at end
where metrics_at is not null;
