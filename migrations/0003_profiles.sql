-- A profile is the platform's own id, not its name: a rename keeps the history, a name that somebody else took over does
-- not. platform_id is null only while no page has told it.
create table profiles (
    id               bigint generated always as identity primary key,
    tenant_id        uuid not null default app_tenant() references tenants,
    platform         text not null,
    platform_id      text,
    -- The handle it had when last seen; profile_handles has them all.
    handle           text not null,
    url              text,
    display_name     text,
    bio              text,
    links            text[] not null default '{}',
    category         text,
    verified         boolean,
    private          boolean,
    business         boolean,
    language         text,
    region           text,
    -- The picture's address expires; what it shows is told by its content's hash or by the stable part of its path.
    picture_url      text,
    picture_identity text,
    picture_hash     text,
    -- The newest observation that had counts, whole: what that page did not show is null here too.
    followers        bigint,
    following        bigint,
    likes            bigint,
    posts_count      bigint,
    -- Which of the counts are not exact to the last digit; null where all are.
    rounded          text[],
    metrics_at       timestamptz,
    first_seen_at    timestamptz not null,
    observed_at      timestamptz not null,
    last_outcome     text not null,
    unique (tenant_id, platform, platform_id)
) with (fillfactor = 80);

-- Which profile had which handle when. At most one holds a handle now.
create table profile_handles (
    id         bigint generated always as identity primary key,
    tenant_id  uuid not null default app_tenant() references tenants,
    profile_id bigint not null references profiles on delete cascade,
    platform   text not null,
    handle     text not null,
    since      timestamptz not null,
    until      timestamptz
);
create unique index profile_handles_holder on profile_handles (tenant_id, platform, handle) where until is null;
create index profile_handles_of_profile on profile_handles (profile_id, since);

-- One row for each crawl that was carried out to some end, one for each lease at most: a repeated write changes nothing.
create table crawl_history (
    id                bigint generated always as identity primary key,
    tenant_id         uuid not null default app_tenant() references tenants,
    job_id            text not null,
    fence             bigint not null,
    -- Null where no profile was ever read under this handle.
    profile_id        bigint references profiles on delete cascade,
    platform          text not null,
    handle            text not null,
    url               text,
    started_at        timestamptz not null,
    duration_ms       bigint,
    -- The HTTP status of what was judged.
    status            integer,
    outcome           text not null,
    evidence          jsonb,
    error             text,
    retries           integer not null default 0,
    selectors_version text,
    posts_requested   integer,
    posts_got         integer,
    coverage_reason   text,
    screenshot_key    text,
    screenshot_url    text,
    screenshot_bytes  bigint,
    capture_key       text,
    fingerprint       text,
    worker            text,
    recorded_at       timestamptz not null default now(),
    unique (tenant_id, job_id, fence)
);
-- "Recent crawls", of all and of one profile.
create index crawl_history_recent on crawl_history (started_at desc, id desc);
create index crawl_history_of_profile on crawl_history (profile_id, started_at desc);
create index crawl_history_of_handle on crawl_history (tenant_id, platform, handle, started_at desc);
-- "What did this version write?", to derive it again when the version was bad.
create index crawl_history_of_version on crawl_history (platform, selectors_version, id);
-- "Does any crawl still refer to this blob?"
create index crawl_history_screenshots on crawl_history (screenshot_key) where screenshot_key is not null;
create index crawl_history_captures on crawl_history (capture_key) where capture_key is not null;

-- A post is one row however many profiles show it (a co-authored post stands on both).
create table posts (
    id                  bigint generated always as identity primary key,
    tenant_id           uuid not null default app_tenant() references tenants,
    platform            text not null,
    post_id             text not null,
    code                text,
    url                 text,
    kind                text,
    caption             text,
    hashtags            text[] not null default '{}',
    mentions            text[] not null default '{}',
    published_at        timestamptz,
    published_precision text,
    thumbnail_url       text,
    video_url           text,
    duration_s          double precision,
    width               integer,
    height              integer,
    music               jsonb,
    sponsored           boolean,
    ai_label            boolean,
    children            jsonb,
    -- The newest observation that had counts, whole.
    views               bigint,
    likes               bigint,
    comments            bigint,
    shares              bigint,
    saves               bigint,
    rounded             text[],
    metrics_at          timestamptz,
    first_seen_at       timestamptz not null,
    observed_at         timestamptz not null,
    unique (tenant_id, platform, post_id)
) with (fillfactor = 80);

-- "Posts of a profile", and when each was last seen there. A post that a complete crawl no longer shows gets a
-- tombstone with its reason; it is lifted when the post comes back.
create table profile_posts (
    profile_id    bigint not null references profiles on delete cascade,
    post_id       bigint not null references posts on delete cascade,
    tenant_id     uuid not null default app_tenant() references tenants,
    pinned        boolean,
    first_seen_at timestamptz not null,
    last_seen_at  timestamptz not null,
    gone_at       timestamptz,
    gone_reason   text,
    primary key (profile_id, post_id),
    check ((gone_at is null) = (gone_reason is null))
) with (fillfactor = 80);
create index profile_posts_of_post on profile_posts (post_id);

-- One row per observation, so that history can be drawn; the crawl is part of the key, so that a repeat adds none.
-- crawl_id is no foreign key: observations may be kept longer than the history of crawls.
create table profile_metrics (
    profile_id              bigint not null references profiles on delete cascade,
    crawl_id                bigint not null,
    tenant_id               uuid not null default app_tenant() references tenants,
    observed_at             timestamptz not null,
    followers               bigint,
    following               bigint,
    likes                   bigint,
    posts_count             bigint,
    rounded                 text[],
    engagement_by_followers double precision,
    engagement_by_views     double precision,
    posts_per_week          double precision,
    primary key (profile_id, crawl_id)
);
create table post_metrics (
    post_id     bigint not null references posts on delete cascade,
    crawl_id    bigint not null,
    tenant_id   uuid not null default app_tenant() references tenants,
    observed_at timestamptz not null,
    views       bigint,
    likes       bigint,
    comments    bigint,
    shares      bigint,
    saves       bigint,
    rounded     text[],
    primary key (post_id, crawl_id)
);
-- "Metrics over time".
create index profile_metrics_over_time on profile_metrics (profile_id, observed_at desc);
create index post_metrics_over_time on post_metrics (post_id, observed_at desc);
-- A crawl that is read again finds its observations by these.
create index profile_metrics_of_crawl on profile_metrics (crawl_id);
create index post_metrics_of_crawl on post_metrics (crawl_id);
-- "What may be forgotten?": rows come nearly in order of time, so a block range index is enough and costs nothing.
create index profile_metrics_age on profile_metrics using brin (observed_at);
create index post_metrics_age on post_metrics using brin (observed_at);
