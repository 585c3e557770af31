//! `sentinel selectors`, as a program reads it: every subcommand answers `--json` with JSON and nothing else.

use serde_json::{Value, json};

use super::Sentinel;

#[tokio::test(flavor = "multi_thread")]
async fn every_selectors_command_answers_a_program_in_json() {
    let sentinel = Sentinel::new().with_store().await;
    let lines = |arguments: &[&str], code: i32| -> Vec<Value> {
        let run = sentinel.run(&[&["selectors"], arguments, &["--json"]].concat()).ended(code);
        serde_json::Deserializer::from_str(&run.stdout).into_iter::<Value>().map(Result::unwrap).collect()
    };
    let one = |arguments: &[&str]| -> Value {
        let mut all = lines(arguments, 0);
        assert_eq!(all.len(), 1, "{arguments:?}: {all:?}");
        all.remove(0)
    };

    let good = lines(&["check"], 0);
    assert!(good.iter().all(|file| file["good"] == true && file["shapes"].as_u64() > Some(0)), "{good:?}");
    let text = include_str!("../../../selectors/tiktok/v1.toml");
    let own =
        text.replacen("version = \"v1\"", "version = \"mine\"", 1).replace("statsV2.followerCount", "statsV2.fans");
    std::fs::write(sentinel.folder().join("mine.toml"), &own).unwrap();
    std::fs::write(sentinel.folder().join("bad.toml"), own.replace("platform = ", "plattform = ")).unwrap();
    let checked = lines(&["check", "mine.toml", "bad.toml"], 2);
    assert_eq!((&checked[0]["version"], &checked[1]["good"]), (&json!("mine"), &json!(false)), "{checked:?}");
    assert!(checked[1]["error"].as_str().unwrap().contains("bad.toml"), "{checked:?}");

    assert_eq!(one(&["add", "mine.toml"]), json!({"platform": "tiktok", "version": "mine", "state": "candidate"}));
    let list = lines(&["list"], 0);
    let tiktok = list.iter().find(|platform| platform["platform"] == "tiktok").unwrap();
    assert_eq!(tiktok["versions"].as_array().unwrap().len(), 2, "{tiktok}");
    assert_eq!(tiktok["pointers"][0]["version"], "v1");
    assert_eq!(one(&["show", "tiktok", "mine"])["body"], own);
    let differences = lines(&["diff", "tiktok", "v1", "mine"], 0);
    assert!(differences.iter().any(|difference| difference["path"].as_str().unwrap().contains("followers")));
    let tried = one(&["test", "mine", "--platform", "tiktok"]);
    assert_eq!((&tried["selectors"], &tried["crawls"]), (&json!("mine"), &json!(0)), "{tried}");
    assert!(lines(&["heal", "--platform", "tiktok"], 0).is_empty(), "nothing is held back");

    let promoted = one(&["promote", "tiktok", "mine", "--why", "a test"]);
    assert_eq!(promoted, json!({"platform": "tiktok", "fingerprint": "", "version": "mine", "before": "v1"}));
    assert_eq!(one(&["pin", "tiktok"])["pinned"], true);
    assert_eq!(one(&["pin", "tiktok", "--off"])["pinned"], false);
    let back = one(&["rollback", "tiktok"]);
    assert_eq!(back, json!({"platform": "tiktok", "fingerprint": "", "version": "v1", "before": "mine"}));
    assert_eq!(one(&["forbid", "tiktok", "mine"])["state"], "forbidden");
    let exported = one(&["export", "tiktok", "mine"]);
    assert_eq!((&exported["version"], &exported["text"]), (&json!("mine"), &json!(own)));
    let file = one(&["export", "tiktok", "mine", "--out", "out"])["file"].as_str().unwrap().to_owned();
    assert_eq!(std::fs::read_to_string(sentinel.folder().join(file)).unwrap(), own);
    let story = lines(&["history", "tiktok"], 0);
    let kinds: Vec<&str> = story.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["added", "moved", "added", "moved", "state", "pinned", "unpinned", "moved", "state", "state"]);
}
