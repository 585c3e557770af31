//! False alarms: the service's detector over pages of the replica that nobody changed, each profile visited on several days while its
//! counts drift. A smaller form of `cargo bench --bench heal -- --alarms`.

#[path = "../../benches/heal/unchanged.rs"]
mod unchanged;

use unchanged::Told;

fn quiet(told: &Told, shown_percent: usize) {
    println!("{} pages, {} with a profile, {} posts, {:?}", told.pages, told.shown, told.posts, told.outcomes);
    assert_eq!(told.alarms, Vec::<String>::new());
    assert!(told.shown * 100 >= told.pages * shown_percent, "{} of {} pages show a profile", told.shown, told.pages);
    assert!(told.posts > told.shown * 10, "{} posts on {} pages", told.posts, told.shown);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_nobody_changed_raise_no_alarm() {
    quiet(&unchanged::served(560, 5).await, 70);
}

#[tokio::test(flavor = "multi_thread")]
async fn rendered_pages_that_nobody_changed_raise_no_alarm() {
    quiet(&unchanged::rendered(96, 6).await, 70);
}
