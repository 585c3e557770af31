//! `sentinel show`: what is stored of a profile.

use super::{Surroundings, output, table};
use crate::config::Config;
use crate::engine::Needed;
use crate::model::job::Target;
use crate::store::Store;
use crate::store::profiles::{StoredPost, StoredProfile};

/// Posts shown at most.
const MOST: usize = 10_000;

/// Show what is stored of a profile.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A profile URL, or @handle@tiktok and @handle@instagram.
    target: String,
    /// The posts as comma-separated values.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// JSON.
    #[arg(long)]
    json: bool,
    /// How many posts.
    #[arg(long, default_value_t = 30)]
    posts: usize,
}

/// Runs it.
///
/// # Errors
/// Bad input, or a database that cannot be used.
pub(super) async fn run(args: Args, surroundings: &Surroundings) -> anyhow::Result<u8> {
    let config = surroundings.config()?;
    let target = crate::platform::parse_target_with(&args.target, &config.base_urls())?;
    let work = async |config: &Config| {
        let store = Store::connect(&config.store).await?;
        let code = show(&args, &store, &target).await;
        store.close().await;
        code
    };
    surroundings.with_servers(Needed::Database, work).await
}

async fn show(args: &Args, store: &Store, target: &Target) -> anyhow::Result<u8> {
    let crawls = store.crawls(Some(target), 5).await?;
    let Some(profile) = store.profile(target).await? else {
        return match crawls.first() {
            Some(crawl) => {
                output::text(&format!(
                    "{target}: never read; the last crawl, at {}, ended with {}\n",
                    crawl.started_at, crawl.outcome
                ))?;
                Ok(super::exit::FAILED)
            }
            None => Err(super::exit::BadInput(format!("nothing is stored of {target}: submit it first")).into()),
        };
    };
    let posts = store.posts(profile.id, args.posts.min(MOST)).await?;
    if args.json {
        output::json(&serde_json::json!({ "profile": profile, "posts": posts, "crawls": crawls }))?;
    } else if args.csv {
        output::text(&csv(target, &posts))?;
    } else {
        output::text(&people(target, &profile, &posts))?;
    }
    Ok(0)
}

fn people(target: &Target, profile: &StoredProfile, posts: &[StoredPost]) -> String {
    let number = |value: Option<i64>| table::count(value.and_then(|value| u64::try_from(value).ok()));
    let mut text = format!(
        "{target}  {}\nfollowers {}  following {}  likes {}  posts {}\nseen {}  last outcome {}\n",
        profile.display_name.as_deref().unwrap_or(""),
        number(profile.followers),
        number(profile.following),
        number(profile.likes),
        number(profile.posts_count),
        profile.observed_at.format("%Y-%m-%d %H:%M"),
        profile.last_outcome,
    );
    let mut rows = table::plain(&["published", "id", "views", "likes", "comments", "shares", "caption"]);
    for post in posts {
        rows.add_row([
            post.published_at.map_or_else(|| "-".to_owned(), |at| at.format("%Y-%m-%d %H:%M").to_string()),
            post.post_id.clone(),
            number(post.views),
            number(post.likes),
            number(post.comments),
            number(post.shares),
            table::caption(post.caption.as_deref().unwrap_or("-")),
        ]);
    }
    text.push_str(&format!("{rows}\n"));
    text
}

/// RFC 4180: a header, one post a row, quotes doubled; an absent value is an empty cell.
fn csv(target: &Target, posts: &[StoredPost]) -> String {
    let mut text = String::from(
        "platform,handle,post_id,code,url,kind,published_at,published_precision,views,likes,comments,shares,saves,rounded,observed_at,gone_at,caption\r\n",
    );
    let number = |value: Option<i64>| value.map(|value| value.to_string()).unwrap_or_default();
    let plain = |value: &Option<String>| value.clone().unwrap_or_default();
    let time = |value: Option<chrono::DateTime<chrono::Utc>>| {
        value.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)).unwrap_or_default()
    };
    for post in posts {
        let cells = [
            target.platform.to_string(),
            target.handle.to_string(),
            post.post_id.clone(),
            plain(&post.code),
            plain(&post.url),
            plain(&post.kind),
            time(post.published_at),
            plain(&post.published_precision),
            number(post.views),
            number(post.likes),
            number(post.comments),
            number(post.shares),
            number(post.saves),
            post.rounded.clone().unwrap_or_default().join(" "),
            time(post.metrics_at),
            time(post.gone_at),
            plain(&post.caption),
        ];
        let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

/// A cell that a spreadsheet reads as text: quoted where needed, and never as a formula.
fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_with_quotes_and_lines_is_quoted() {
        assert_eq!(quoted("a \"b\"\nc"), "\"a \"\"b\"\"\nc\"");
        assert_eq!(quoted("plain"), "plain");
    }

    #[test]
    fn a_caption_is_never_a_formula() {
        assert_eq!(quoted("=1+1"), "'=1+1");
    }
}
