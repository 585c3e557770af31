//! Bad input: a clear message that names the input and the mend, a non-zero exit, nothing written halfway.

use super::Sentinel;

#[test]
fn a_bad_target_is_named_with_what_to_give_instead() {
    let sentinel = Sentinel::new().with("STORE__URL", "postgres://127.0.0.1:1/x");
    for (target, words) in [
        ("https://www.example.com/@nasa", &["www.example.com", "instagram.com or tiktok.com"][..]),
        ("@two words@tiktok", &["two words"]),
        ("@nasa@myspace", &["myspace", "instagram or tiktok"]),
        ("https://www.tiktok.com/@nasa/video/1", &["no profile", "https://www.tiktok.com/@nasa"]),
        ("nasa", &["\"nasa\"", "@nasa@instagram"]),
        ("file:///etc/passwd", &["file:///etc/passwd", "@handle@platform"]),
    ] {
        for command in ["crawl", "submit", "show"] {
            let run = sentinel.run(&[command, target]).ended(2).says(words);
            assert_eq!(run.stdout, "", "{command} {target}");
        }
    }
    for (arguments, words) in [
        (&["crawl"][..], &["TARGET"][..]),
        (&["crawl", "@nasa@tiktok", "--posts", "0"], &["--posts", "1..=200"]),
        (&["crawl", "@nasa@tiktok", "--json", "--table"], &["--json", "--table"]),
        (&["crawl", "@nasa@tiktok", "--har", "none.har"], &["none.har"]),
        (&["crawl", "@nasa@tiktok", "--session", "none.json"], &["none.json"]),
        (&["crawl", "@nasa@tiktok", "--session", "other.json"], &["other.json", "neither cookies nor origins"]),
        (&["crawl", "@nasa@tiktok", "--out", "/proc/none"], &["/proc/none"]),
        (&["crawl", "@nasa@tiktok", "--record-har", "none/x.har"], &["--record-har", "none/x.har"]),
        (&["submit", "@nasa@tiktok", "--priority", "urgent"], &["urgent", "high, normal or low"]),
        (&["submit", "--file", "none.txt"], &["none.txt"]),
        (&["extract", "--platform", "myspace", "--page", "page.html"], &["myspace", "instagram, tiktok"]),
        (&["extract", "--platform", "tiktok", "--page", "none.html"], &["none.html"]),
        (&["extract", "--platform", "tiktok", "--har", "broken.har"], &["broken.har"]),
        (&["extract", "--capture", "broken.har"], &["broken.har"]),
        (&["extract", "--page", "page.html", "--url", "nasa"], &["--url", "\"nasa\"", "@handle@platform"]),
        (&["extract", "--page", "page.html", "--observed-at", "today"], &["today", "2026-11-01T00:00:00Z"]),
        (&["jobs", "list", "--platform", "myspace"], &["myspace", "instagram, tiktok"]),
        (&["jobs", "redrive"], &["--all"]),
        (&["gate", "rest", "myspace"], &["myspace", "instagram, tiktok"]),
        (&["replay"], &["--crawl", "--since"]),
        (&["replay", "--since", "today"], &["today", "2026-11-01T00:00:00Z"]),
        (&["replay", "--crawl", "1", "--selectors", "none.toml"], &["none.toml"]),
        (&["selectors", "add", "none.toml"], &["none.toml"]),
        (&["selectors", "promote", "myspace", "v1"], &["myspace", "instagram, tiktok"]),
        (&["submit"], &["TARGET", "--file"]),
        (&["frobnicate"], &["frobnicate"]),
    ] {
        std::fs::write(sentinel.folder().join("broken.har"), "{\"log\": ").unwrap();
        std::fs::write(sentinel.folder().join("page.html"), "<p>").unwrap();
        std::fs::write(sentinel.folder().join("other.json"), "{\"a\": 1}").unwrap();
        let run = sentinel.run(arguments).ended(2).says(words);
        assert_eq!(run.stdout, "", "{arguments:?}");
    }
}

#[test]
fn a_typo_in_the_settings_is_named_with_file_line_and_the_nearest_key() {
    let sentinel = Sentinel::new();
    std::fs::write(sentinel.folder().join("my.toml"), "[engine]\nworkers = 2\nshutdwon_grace_s = 3\n").unwrap();
    for command in
        [&["config", "check"][..], &["config", "show"], &["crawl", "@nasa@tiktok"], &["serve"], &["jobs", "list"]]
    {
        let run = sentinel.run(&[command, &["--config", "my.toml"]].concat()).ended(2);
        run.says(&["my.toml:3", "engine.shutdwon_grace_s", "engine.shutdown_grace_s"]);
    }
    std::fs::write(sentinel.folder().join("my.toml"), "[gate]\npage_loads_per_minute = \"many\"\n").unwrap();
    sentinel
        .run(&["config", "check", "--config", "my.toml"])
        .ended(2)
        .says(&["my.toml:2", "gate.page_loads_per_minute"]);
    sentinel.run(&["config", "check", "--config", "none.toml"]).ended(2).says(&["none.toml"]);
    let typo = Sentinel::new().with("GATE__PAGE_LOAD_PER_MINUTE", "5");
    typo.run(&["config", "check"]).ended(2).says(&["SENTINEL__GATE__PAGE_LOADS_PER_MINUTE"]);
    let good = sentinel.run(&["config", "check", "--json"]).ended(0).json();
    assert_eq!(good["good"], true);
    let shown = Sentinel::new().with("BLOB__SECRET_ACCESS_KEY", "hush").run(&["config", "show", "--json"]).ended(0);
    assert_eq!(shown.json()["platform"]["tiktok"]["base_url"], "https://www.tiktok.com");
    assert!(!shown.stdout.contains("hush"));
}

#[test]
fn a_setting_that_cannot_stand_is_named_before_anything_is_done() {
    for (key, value, words) in [
        ("GATE__PAGE_LOADS_PER_MINUTE", "0", &["gate.page_loads_per_minute"][..]),
        ("GATE__EGRESS_SHARE", "0", &["gate.egress_share"]),
        ("GATE__SLOWEST_PACE", "5", &["gate.slowest_pace"]),
        ("QUEUE__URL", "postgres://127.0.0.1/x", &["queue.url", "redis://"]),
        ("QUEUE__HEARTBEAT_MS", "20000", &["queue.heartbeat_ms"]),
        ("STORE__URL", "redis://127.0.0.1/0", &["store.url", "postgres://"]),
        ("STORE__POOL_MAX_CONNECTIONS", "0", &["store.pool_max_connections"]),
        ("BROWSER__VIEWPORT_WIDTH_PX", "0", &["browser.viewport_width_px"]),
        ("BROWSER__TIMEZONE", "Mars/X", &["browser.timezone", "Mars/X", "Europe/Berlin"]),
        ("SCREENSHOT__MAX_BYTES", "500000", &["screenshot.max_bytes", "100000"]),
        ("BLOB__KIND", "r2", &["blob.endpoint"]),
        ("ENGINE__ADMISSION__MEMORY_FULL", "0", &["engine.admission.memory_full"]),
        ("TELEMETRY__LISTEN", "somewhere", &["telemetry.listen"]),
        ("PLATFORM__TIKTOK__STORAGE_STATE_FILE", "none.json", &["none.json"]),
        ("PLATFORM__TIKTOK__PROXY", "gopher://x", &["platform.tiktok.proxy"]),
    ] {
        let sentinel = Sentinel::new().with(key, value);
        for command in [&["config", "check"][..], &["crawl", "@nasa@tiktok"], &["serve"]] {
            sentinel.run(command).ended(2).says(words);
        }
    }
    let no_bucket = Sentinel::new().with("BLOB__KIND", "r2").with("BLOB__ENDPOINT", "https://r2.example.com");
    no_bucket.run(&["config", "check", "--json"]).ended(2).says(&["blob.bucket"]);
}

#[test]
fn an_error_in_a_selector_file_is_named_with_file_line_and_rule() {
    let sentinel = Sentinel::new();
    let good = include_str!("../../../selectors/tiktok/v1.toml");
    sentinel.run(&["selectors", "check"]).ended(0);
    for (from, to, words) in [
        ("patience_ms = 8000", "patiense_ms = 8000", &["mine.toml:", "patiense_ms", "patience_ms"][..]),
        ("id = \"user.id\"", "id = \"user[.id\"", &["mine.toml:", "records.user_info.owner.id", "user[.id"]),
        ("record = \"slide\"", "record = \"slyde\"", &["mine.toml:", "no record \"slyde\""]),
        ("'[data-e2e=\"user-bio\"]'", "'[[user-bio'", &["mine.toml", "records.page_header.bio", "no CSS selector"]),
        ("schema = 1", "schema = 9", &["mine.toml", "schema"]),
    ] {
        std::fs::write(sentinel.folder().join("mine.toml"), good.replacen(from, to, 1)).unwrap();
        sentinel.run(&["selectors", "check", "mine.toml"]).ended(2).says(words);
    }
    sentinel.run(&["selectors", "check", "none.toml"]).ended(2).says(&["none.toml"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_is_named_with_what_to_do() {
    let down =
        Sentinel::new().with("STORE__URL", "postgres://me:hush@127.0.0.1:1/x").with("STORE__ACQUIRE_TIMEOUT_MS", "500");
    let down = down.with("QUEUE__URL", "redis://127.0.0.1:1/0").with("ENGINE__START_PATIENCE_S", "1");
    for command in
        [&["serve"][..], &["submit", "@nasa@tiktok"], &["migrate"], &["jobs", "list"], &["show", "@nasa@tiktok"]]
    {
        let run = down.run(command).ended(1).says(&["PostgreSQL", "127.0.0.1", "store.url"]);
        assert_eq!(run.stdout, "");
        assert!(!run.stderr.contains("hush"), "{}", run.stderr);
    }
    let no_redis = Sentinel::new().with_store().await.with("QUEUE__URL", "redis://127.0.0.1:1/0");
    let run = no_redis.with("ENGINE__START_PATIENCE_S", "1").run(&["serve"]).ended(1);
    run.says(&["engine.start_patience_s", "Redis at redis://127.0.0.1:1/0", "queue.url"]);
    down.run(&["gate", "status"]).ended(1).says(&["Redis", "queue.url"]);
    let no_url = Sentinel::new().with("QUEUE__URL", "http://127.0.0.1:1").with_store().await;
    no_url.run(&["submit", "@nasa@tiktok"]).ended(2).says(&["queue.url", "http://127.0.0.1:1", "redis://"]);
}

#[test]
fn no_browser_is_told_with_what_to_install() {
    let sentinel = Sentinel::new().with("BROWSER__EXECUTABLE", "/no/such/chromium");
    let run = sentinel.run(&["crawl", "@nasa@tiktok"]).ended(1).says(&["/no/such/chromium", "[browser] executable"]);
    assert_eq!(run.stdout, "");
}
