//! Every command explains itself, and has `--json` where a program may read its answer.

use super::Sentinel;

/// The subcommands that a help text lists.
fn listed(help: &str) -> Vec<String> {
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names =
        commands.take_while(|line| !line.is_empty()).filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

/// Commands whose answer is not for a program: they run until they are stopped, play a show, or do one deed whose exit code
/// says all.
const FOR_PEOPLE: [&str; 4] = ["serve", "demo", "replica", "held"];

#[test]
fn every_command_has_help_and_json_where_a_program_may_read_it() {
    let sentinel = Sentinel::new();
    let mut open: Vec<Vec<String>> = vec![Vec::new()];
    let mut seen = Vec::new();
    while let Some(command) = open.pop() {
        let arguments: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
        let help = sentinel.run(&arguments).ended(0).stdout;
        assert!(help.contains("Usage: sentinel"), "{help}");
        let below = listed(&help);
        if below.is_empty() && !FOR_PEOPLE.contains(&command[0].as_str()) {
            assert!(help.contains("--json"), "{} has no --json:\n{help}", command.join(" "));
        }
        seen.push(command.join(" "));
        open.extend(below.into_iter().map(|name| [command.clone(), vec![name]].concat()));
    }
    for promised in
        ["crawl", "extract", "serve", "submit", "demo", "migrate", "config check", "schema", "jobs list", "gate status"]
    {
        assert!(seen.iter().any(|name| name == promised), "{promised} is missing: {seen:?}");
    }
    let version = sentinel.run(&["--version"]).ended(0).stdout;
    assert!(version.starts_with("sentinel "), "{version}");
}

#[test]
fn the_schema_is_json_and_holds_every_promised_key() {
    let schema = Sentinel::new().run(&["schema"]).ended(0).json();
    for key in
        ["schema", "platform", "handle", "outcome", "evidence", "profile", "posts", "coverage", "metrics", "fields"]
    {
        assert!(schema["properties"][key].is_object(), "{key}");
    }
}
