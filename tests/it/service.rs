//! The service around the engine: what it counts and says, what it keeps back, how selectors come into force, how past
//! crawls are read again and how profiles are deleted. Real PostgreSQL, Redis and, for the whole story, real Chromium.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail where its setup does")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use social_sentinel::blob::BlobStore;
use social_sentinel::config::{Config, Sources};
use social_sentinel::engine::upkeep::{Sweep, delete_doomed};
use social_sentinel::engine::{past, selectors};
use social_sentinel::extract::selectors::BUILTIN;
use social_sentinel::model::job::{PlatformId, Target};
use social_sentinel::store::Store;
use social_sentinel::store::selectors::{Move, SelectorVersion, Slot};
use social_sentinel::telemetry::{Listening, Metrics, Readiness};

use crate::support::servers::{fresh_database_url, open_folder, redis_prefix, servers};

/// Settings of a test's own, as variables for the library and for the command line alike.
struct Own {
    variables: Vec<(String, String)>,
    folder: tempfile::TempDir,
}

impl Own {
    async fn new(more: &[(&str, &str)]) -> Self {
        let folder = open_folder();
        let blobs = folder.path().join("blobs").to_string_lossy().into_owned();
        let own = [
            ("STORE__URL", fresh_database_url().await),
            ("QUEUE__URL", servers().redis_url.clone()),
            ("QUEUE__PREFIX", redis_prefix()),
            ("BLOB__KIND", "folder".to_owned()),
            ("BLOB__FOLDER", blobs),
        ];
        let more = more.iter().map(|(key, value)| (*key, (*value).to_owned()));
        let variables = own.into_iter().chain(more).map(|(key, value)| (format!("SENTINEL__{key}"), value)).collect();
        Self { variables, folder }
    }

    fn config(&self) -> Config {
        Config::load(&Sources { file: None, variables: self.variables.clone() }).unwrap()
    }

    async fn store(&self) -> Store {
        Store::connect(&self.config().store).await.unwrap()
    }

    fn blobs(&self) -> BlobStore {
        BlobStore::open(&self.config().blob).unwrap()
    }

    /// Runs the command line with these settings.
    async fn sentinel(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sentinel"));
        command.args(arguments).envs(self.variables.iter().cloned()).current_dir(self.folder.path());
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    /// Runs it, expects 0, and reads its JSON lines.
    async fn lines(&self, arguments: &[&str]) -> Vec<Value> {
        let output = self.sentinel(arguments).await;
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn text(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

#[tokio::test]
async fn a_taken_port_is_told_with_the_setting_that_names_it() {
    let start = |address| Listening::start(address, std::sync::Arc::new(Metrics::new()), Readiness::default());
    let first = start("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let error = start(first.address()).await.unwrap_err().to_string();
    assert!(error.contains("telemetry.listen") && error.contains(&first.address().to_string()), "{error}");
}

#[tokio::test]
async fn built_in_selectors_are_entered_once_and_give_way_to_a_person() {
    let own = Own::new(&[]).await;
    let store = own.store().await;
    selectors::seed(&store).await.unwrap();
    selectors::seed(&store).await.unwrap();
    assert_eq!(store.selector_versions("tiktok").await.unwrap().len(), 1);
    assert_eq!(selectors::active_pointer(&store, "tiktok", "").await.unwrap().as_deref(), Some("v1"));
    assert_eq!(store.selector_events("tiktok", None, None, 9).await.unwrap().len(), 2, "entered, and pointed to");

    let mut mine = store.selector_version("tiktok", "v1").await.unwrap().unwrap();
    (mine.version, mine.author) = ("mine".to_owned(), "person".to_owned());
    mine.body = mine.body.replacen("version = \"v1\"", "version = \"mine\"", 1);
    store.add_selectors(&mine).await.unwrap();
    let detail = json!("a test");
    let step = Move {
        platform: "tiktok",
        fingerprint: "",
        slot: Slot::Active,
        version: Some("mine"),
        from: Some("v1"),
        actor: "person",
        detail: &detail,
    };
    assert!(store.move_selectors(&step).await.unwrap());
    selectors::seed(&store).await.unwrap();
    assert_eq!(selectors::active_pointer(&store, "tiktok", "").await.unwrap().as_deref(), Some("mine"));
    store.close().await;
}

#[tokio::test]
async fn a_built_in_file_with_another_text_is_another_version_and_comes_into_force() {
    let own = Own::new(&[]).await;
    let store = own.store().await;
    let (_, now) = BUILTIN.into_iter().find(|(name, _)| name.contains("tiktok")).unwrap();
    let before = SelectorVersion {
        platform: "tiktok".to_owned(),
        version: "v1".to_owned(),
        parent: None,
        fingerprint: None,
        evidence: json!({}),
        author: "file".to_owned(),
        body: format!("# as an older program had it\n{now}"),
        state: "active".to_owned(),
        created_at: chrono::DateTime::UNIX_EPOCH,
    };
    store.add_selectors(&before).await.unwrap();
    let detail = json!({});
    let step = Move {
        platform: "tiktok",
        fingerprint: "",
        slot: Slot::Active,
        version: Some("v1"),
        from: None,
        actor: "start",
        detail: &detail,
    };
    assert!(store.move_selectors(&step).await.unwrap());
    selectors::seed(&store).await.unwrap();
    let active = selectors::active_pointer(&store, "tiktok", "").await.unwrap().unwrap();
    assert!(active.starts_with("v1-"), "{active}");
    let version = store.selector_version("tiktok", &active).await.unwrap().unwrap();
    assert_eq!((version.body.as_str(), version.parent.as_deref()), (now, Some("v1")));
    assert_eq!(selectors::ready(&version).unwrap().version, active, "documents name the stored version");

    // An older program that starts beside this one enters nothing and moves nothing.
    selectors::seed(&store).await.unwrap();
    assert_eq!(store.selector_versions("tiktok").await.unwrap().len(), 2);
    store.close().await;
}

#[tokio::test]
async fn blobs_without_a_row_are_swept_when_they_are_a_day_old_and_no_sooner() {
    let own = Own::new(&[]).await;
    let (store, blobs) = (own.store().await, own.blobs());
    let kept = ["tiktok/new/1/capture.json.zst", "in-process/tiktok/a/1/screenshot.jpg"];
    let old = ["tiktok/old/1/capture.json.zst", "tiktok/old/1/screenshot.jpg", "instagram/old/2/screenshot.jpg"];
    for key in kept.iter().chain(&old) {
        blobs.put(key, bytes::Bytes::from_static(b"x"), "text/plain").await.unwrap();
    }
    let platforms = [PlatformId::new("instagram"), PlatformId::new("tiktok")];
    let now = social_sentinel::clock::Clock::system().now();
    let mut sweep = Sweep::default();
    assert_eq!(sweep.round(&store, &blobs, &platforms, now).await.unwrap(), 0);
    for key in old.iter().chain(&kept[1..]) {
        let file = std::fs::File::options().write(true).open(blobs.file(key).unwrap()).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    }
    assert_eq!(Sweep::default().round(&store, &blobs, &platforms, now).await.unwrap(), 3);
    assert!(blobs.get(old[0]).await.is_err());
    assert!(blobs.get(kept[0]).await.is_ok() && blobs.get(kept[1]).await.is_ok());

    blobs.put("tiktok/gone/1/screenshot.jpg", bytes::Bytes::from_static(b"x"), "image/jpeg").await.unwrap();
    let sql = "insert into doomed_blobs (key) values ('tiktok/gone/1/screenshot.jpg'), ('tiktok/never/there')";
    sqlx::query(sql).execute(store.pool()).await.unwrap();
    assert_eq!(delete_doomed(&store, &blobs).await.unwrap(), 2);
    assert!(blobs.get("tiktok/gone/1/screenshot.jpg").await.is_err());
    assert_eq!(store.doomed_blobs(9).await.unwrap(), Vec::<String>::new());
    store.close().await;
}

#[tokio::test]
async fn selector_files_are_checked_with_line_and_key() {
    let own = Own::new(&[]).await;
    let good = own.sentinel(&["selectors", "check"]).await;
    assert!(good.status.success() && text(&good.stdout).contains("tiktok v1 is good"), "{good:?}");
    let file = own.folder.path().join("broken.toml");
    let (_, tiktok) = BUILTIN.into_iter().find(|(name, _)| name.contains("tiktok")).unwrap();
    std::fs::write(&file, tiktok.replacen("followers =", "folowers =", 1)).unwrap();
    let bad = own.sentinel(&["selectors", "check", file.to_str().unwrap()]).await;
    assert_eq!(bad.status.code(), Some(2));
    assert!(text(&bad.stderr).contains("broken.toml:") && text(&bad.stderr).contains("folowers"), "{bad:?}");
}

#[tokio::test]
async fn cases_are_healed_one_line_each_in_the_order_given() {
    let cases = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/heal-cases"));
    let case = |name: &str| cases.join(name).join("case.json");
    let wanted: Vec<PathBuf> = [case("removed-instagram"), case("control-tiktok")].into();
    if !wanted.iter().all(|path| path.is_file()) {
        return;
    }
    let own = Own::new(&[]).await;
    let (one, two) = (wanted[0].to_str().unwrap(), wanted[1].to_str().unwrap());
    let lines = own.lines(&["selectors", "heal", "--case", one, two]).await;
    let ids: Vec<_> = wanted
        .iter()
        .map(|path| serde_json::from_slice::<Value>(&std::fs::read(path).unwrap()).unwrap()["case_id"].clone())
        .collect();
    assert_eq!(lines.iter().map(|line| line["case_id"].clone()).collect::<Vec<_>>(), ids);
    for line in &lines {
        let pages = line["pages"].as_object().unwrap();
        assert_eq!(pages.len(), line["heal_ms"].as_array().unwrap().len());
        for key in ["username", "display_name", "bio", "followers", "avatar_url", "external_url", "posts"] {
            assert!(pages.values().all(|page| page.get(key).is_some()), "{key}");
        }
    }
    let missing = own.sentinel(&["selectors", "heal", "--case", "nowhere.json"]).await;
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("nowhere.json"), "{missing:?}");
}

#[tokio::test]
async fn versions_are_entered_promoted_and_rolled_back_and_the_story_is_told() {
    let own = Own::new(&[]).await;
    let file = own.folder.path().join("v2.toml");
    let (_, tiktok) = BUILTIN.into_iter().find(|(name, _)| name.contains("tiktok")).unwrap();
    let body = tiktok.replacen("version = \"v1\"", "version = \"v2\"", 1).replacen("followers =", "likes_x =", 0);
    std::fs::write(&file, &body).unwrap();
    let run = async |arguments: &[&str]| {
        let output = own.sentinel(arguments).await;
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    run(&["selectors", "add", file.to_str().unwrap()]).await;
    let diff = run(&["selectors", "diff", "tiktok", "v1", "v2"]).await;
    assert_eq!(diff, "- version = \"v1\"\n+ version = \"v2\"\n");
    run(&["selectors", "promote", "tiktok", "v2", "--why", "a new template"]).await;
    assert_eq!(run(&["selectors", "export", "tiktok"]).await, body);
    let refused = own.sentinel(&["selectors", "forbid", "tiktok", "v2"]).await;
    assert_eq!(refused.status.code(), Some(2), "it is in use");
    run(&["selectors", "rollback", "tiktok"]).await;
    run(&["selectors", "forbid", "tiktok", "v2"]).await;
    let refused = own.sentinel(&["selectors", "promote", "tiktok", "v2"]).await;
    assert_eq!(refused.status.code(), Some(2), "it is forbidden");
    let story = run(&["selectors", "history", "tiktok"]).await;
    let places: Vec<_> = [
        "v1 is in force in place of nothing",
        "v2 is in force in place of v1 (a new template)",
        "v1 is in force in place of v2",
    ]
    .iter()
    .map(|line| story.find(line).unwrap_or_else(|| panic!("{line} is not in\n{story}")))
    .collect();
    assert!(places.is_sorted());
    let listed = own.lines(&["selectors", "list", "--platform", "tiktok", "--json"]).await;
    assert_eq!(listed[0]["pointers"][0]["version"], "v1");
    let unknown = own.sentinel(&["selectors", "show", "tiktok", "v9"]).await;
    assert_eq!(unknown.status.code(), Some(2));
}

#[tokio::test]
async fn posts_known_as_anothers_are_told_apart_in_one_question() {
    let own = Own::new(&[]).await;
    let store = own.store().await;
    let sql = "
        with p as (
            insert into profiles (platform, platform_id, handle, first_seen_at, observed_at, last_outcome, followers)
            values ('tiktok', '1', 'ann', now(), now(), 'ok', 500), ('tiktok', '2', 'bob', now(), now(), 'ok', 900)
            returning id, handle
        ), h as (
            insert into profile_handles (profile_id, platform, handle, since) select id, 'tiktok', handle, now() from p
        ), s as (
            insert into posts (platform, post_id, first_seen_at, observed_at)
            values ('tiktok', 'a', now(), now()), ('tiktok', 'b', now(), now()), ('tiktok', 'both', now(), now())
            returning id, post_id
        )
        insert into profile_posts (profile_id, post_id, first_seen_at, last_seen_at)
        select p.id, s.id, now(), now() from p join s on s.post_id = 'both' or (p.handle, s.post_id) in (('ann', 'a'), ('bob', 'b'))";
    sqlx::query(sql).execute(store.pool()).await.unwrap();
    let target = |handle: &str| Target { platform: PlatformId::new("tiktok"), handle: handle.parse().unwrap() };
    let asked = ["a", "b", "both", "new"].map(str::to_owned);
    let ann = store.last_facts(&target("ann"), Some("1"), &asked).await.unwrap();
    assert_eq!((ann.followers, ann.live_posts), (Some(500), 2));
    assert_eq!((ann.own, ann.foreign), (vec!["a".to_owned(), "both".to_owned()], vec!["b".to_owned()]));
    let renamed = store.last_facts(&target("ann2"), Some("1"), &[]).await.unwrap();
    assert_eq!(renamed.followers, Some(500), "the id counts, not the handle");
    let reused = store.last_facts(&target("ann"), Some("77"), &[]).await.unwrap();
    assert_eq!((reused.followers, reused.live_posts), (None, 0), "a reused name does not inherit");
    let without_id = store.last_facts(&target("bob"), None, &[]).await.unwrap();
    assert_eq!(without_id.followers, Some(900));
    store.close().await;
}

#[cfg(feature = "replica")]
mod whole {
    //! One service with real Chromium on the replica, from the first crawl to the profile's deletion.

    use std::time::Duration;

    use social_sentinel::clock::{Clock, Rng};
    use social_sentinel::engine::Service;
    use social_sentinel::model::event::{Event, EventKind};
    use social_sentinel::model::job::{Frame, Job, JobId, Priority};
    use social_sentinel::replica::{Replica, ReplicaOptions, Site};
    use social_sentinel::telemetry::Part;
    use tokio::sync::broadcast::Receiver;

    use super::*;

    /// The longest that anything here may take on a noisy machine.
    const PATIENCE: Duration = Duration::from_secs(120);

    fn job(rng: &Rng, handle: &str) -> Job {
        Job {
            id: rng.job_id(Clock::system().now()),
            target: Target { platform: PlatformId::new("tiktok"), handle: handle.parse().unwrap() },
            priority: Priority::Normal,
            posts: 12,
            frame: Frame::Viewport,
        }
    }

    /// Everything told until a job is over.
    async fn until_done(events: &mut Receiver<Event>, id: &JobId) -> Vec<EventKind> {
        let mut told = Vec::new();
        let wait = async {
            loop {
                let kind = events.recv().await.expect("the service runs").kind;
                told.push(kind.clone());
                match kind {
                    EventKind::JobDone { job, .. } if job == *id => break,
                    EventKind::JobBuried { job, reason } if job == *id => panic!("buried: {reason}"),
                    _ => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("the job ends");
        told
    }

    async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let wait = async {
            while !holds().await {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, wait).await.is_ok(), "never: {what}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_service_counts_doubts_replays_and_forgets() {
        let replica = Replica::start(ReplicaOptions::seeded(31, Clock::system())).await.unwrap();
        let site = replica.base_url().to_owned();
        let own = Own::new(&[
            ("PLATFORM__TIKTOK__BASE_URL", &site),
            ("PLATFORM__INSTAGRAM__BASE_URL", &site),
            ("GATE__PAGE_LOADS_PER_MINUTE", "6000"),
            ("GATE__BURST_PAGE_LOADS", "3000"),
            ("ENGINE__SELECTORS_EVERY_S", "1"),
            ("BROWSER__PROCESSES", "1"),
        ])
        .await;
        let service = Service::start(own.config()).await.unwrap();
        let (mut events, rng) = (service.subscribe(), Rng::from_seed(31));
        let store = own.store().await;
        let target = job(&rng, "creator_5").target;

        // The first crawl: counted, its selectors seeded, its capture kept.
        let first = job(&rng, "creator_5");
        service.services().submit(std::slice::from_ref(&first)).await.unwrap();
        let told = until_done(&mut events, &first.id).await;
        let steps: Vec<&str> = told
            .iter()
            .filter_map(|kind| match kind {
                EventKind::StepDone { step, .. } => Some(step.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(steps, ["visit", "read", "screenshot", "save"]);
        let metrics = service.metrics();
        let shows = |line: &str| metrics.encode().lines().any(|shown| shown.starts_with(line));
        for line in [
            "sentinel_jobs_finished_total{platform=\"tiktok\",outcome=\"ok\"} 1",
            "sentinel_page_loads_total{platform=\"tiktok\"} ",
            "sentinel_step_duration_seconds_count{step=\"save\"} 1",
            "sentinel_screenshot_size_bytes_count{format=\"jpeg\"} 1",
        ] {
            assert!(shows(line), "{line} is not in\n{}", metrics.encode());
        }
        eventually("all parts are up", async || {
            ["redis", "postgres", "blob", "browser"]
                .iter()
                .all(|part| shows(&format!("sentinel_up{{part=\"{part}\"}} 1")))
                && !shows("sentinel_browser_contexts_opened_total 0")
                && shows("sentinel_breaker_state{platform=\"tiktok\"} 0")
        })
        .await;
        let warnings = service.readiness().warnings();
        assert!(
            warnings.iter().any(|(part, text)| *part == Part::Redis && text.contains("append-only")),
            "{warnings:?}"
        );
        assert_eq!(service.readiness().reasons(), []);

        // Read again, nothing differs; twice, the same bytes; by poorer selectors, it is told what is missing.
        let crawl = store.crawls(Some(&target), 1).await.unwrap()[0].id.to_string();
        assert_eq!(own.lines(&["replay", "--crawl", &crawl]).await, Vec::<Value>::new());
        let poorer = own.folder.path().join("poorer.toml");
        let (_, text) = BUILTIN.into_iter().find(|(name, _)| name.contains("tiktok")).unwrap();
        let mut set: toml::Table = text.parse().unwrap();
        set.insert("version".to_owned(), "poorer".into());
        for (_, record) in set["records"].as_table_mut().unwrap() {
            if let Some(fields) = record.get_mut("fields").and_then(toml::Value::as_table_mut) {
                fields.remove("bio");
            }
        }
        std::fs::write(&poorer, toml::to_string(&set).unwrap()).unwrap();
        let by_poorer = ["replay", "--crawl", &crawl, "--selectors", poorer.to_str().unwrap()];
        let lines = own.lines(&by_poorer).await;
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!((lines[0]["path"].as_str(), &lines[0]["after"]), (Some("profile.bio"), &Value::Null));
        assert_eq!(own.sentinel(&by_poorer).await.stdout, own.sentinel(&by_poorer).await.stdout);

        // Put in force, a running service follows.
        own.sentinel(&["selectors", "add", poorer.to_str().unwrap()]).await;
        own.sentinel(&["selectors", "promote", "tiktok", "poorer"]).await;
        let wait = async {
            while !matches!(events.recv().await.unwrap().kind, EventKind::SelectorsChanged { after, .. } if after == "poorer")
            {
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("the service follows the pointer");

        // Followers fall to a hundredth: held back, told, not stored, and released by a person.
        let truth = store.profile(&target).await.unwrap().unwrap().followers.unwrap();
        replica.control().surge(Site::TikTok, &target.handle, 0.01);
        let second = job(&rng, "creator_5");
        service.services().submit(std::slice::from_ref(&second)).await.unwrap();
        let told = until_done(&mut events, &second.id).await;
        let held = told
            .iter()
            .any(|kind| matches!(kind, EventKind::ValuesHeld { values, .. } if values[0].0 == "profile.followers"));
        assert!(held, "{told:?}");
        let profile = store.profile(&target).await.unwrap().unwrap();
        assert_eq!(profile.followers, Some(truth), "the last right value stays, with its own time");
        assert!(profile.followers_at < profile.following_at, "{profile:?}");
        let observed = store.profile_history(profile.id, 1).await.unwrap();
        assert_eq!(observed[0].followers, None, "the observation is right or absent");
        let last = store.last_facts(&target, None, &[]).await.unwrap();
        assert_eq!(last.followers, Some(truth), "the next crawl is judged by what was believed");
        let listed = own.lines(&["held", "list", "--json"]).await;
        let followers = listed.iter().find(|held| held["path"] == "profile.followers").unwrap();
        let number = followers["id"].to_string();
        assert_eq!(store.crawls(Some(&target), 1).await.unwrap()[0].selectors_version.as_deref(), Some("poorer"));
        let crawl = store.crawls(Some(&target), 1).await.unwrap()[0].id.to_string();
        assert_eq!(
            own.lines(&["replay", "--crawl", &crawl]).await,
            Vec::<Value>::new(),
            "what is held is no difference"
        );
        let released = own.sentinel(&["held", "release", &number]).await;
        assert!(released.status.success(), "{released:?}");
        let now = store.profile(&target).await.unwrap().unwrap().followers;
        assert_eq!(now, followers["value"].as_i64());
        assert_ne!(now, Some(truth));
        assert_eq!(own.sentinel(&["held", "release", &number]).await.status.code(), Some(2), "once is enough");

        // Deleted: rows, history and blobs are gone.
        let deleted = own.lines(&["profiles", "delete", "@creator_5@tiktok", "--json"]).await;
        assert_eq!((&deleted[0]["deleted"]["profiles"], &deleted[0]["deleted"]["crawls"]), (&json!(1), &json!(2)));
        assert!(store.profile(&target).await.unwrap().is_none());
        assert_eq!(store.crawls(Some(&target), 9).await.unwrap(), []);
        assert_eq!(own.blobs().list("tiktok/", None, 9).await.unwrap(), []);
        let past = past::PastError::Forgotten { crawl: 1, what: "capture" };
        assert!(past.to_string().contains("store.keep_crawls_days"));

        let readiness = service.readiness().clone();
        store.close().await;
        service.stop().await;
        assert_eq!(readiness.reasons(), [(Part::Engine, "stopping".to_owned())]);
    }
}
