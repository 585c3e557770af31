//! Fields that are gone, and what stands near their place.

use super::docs::{Docs, rename_all};
use crate::chance::Chance;
use crate::data;
use crate::layout::{Look, Site};
use crate::made::Change;
use crate::person::Person;
use crate::tree::{El, Node, el, text};

/// Takes a field out of the elements.
pub(super) fn from_body(
    body: &mut El,
    look: &Look,
    others: &[Person],
    before: &Person,
    change: &Change<'_>,
    chance: &mut Chance,
    removed: &mut Vec<String>,
) {
    let mut shared = Chance::new(change.seed ^ 5);
    let third = if look.site == Site::Tik { "likes" } else { "posts_count" };
    let field =
        *shared.pick(&["followers", "following", third, "bio", "avatar_url", "external_url", "views", "followers"]);
    removed.push(field.to_owned());
    let role = match field {
        "bio" => "bio",
        "avatar_url" => "avatar",
        "external_url" => "links",
        "views" => "views",
        "posts_count" => "cell:posts",
        "followers" => "cell:followers",
        "following" => "cell:following",
        _ => "cell:likes",
    };
    let mut moved = None;
    body.each_list(&mut |_, children| {
        children.retain(|child| {
            let gone = matches!(child, Node::El(element) if element.role == role);
            if gone {
                moved = Some(child.clone());
            }
            !gone
        });
    });
    if change.class != "removed_decoy" || !role.starts_with("cell:") {
        return;
    }
    // The number that is gone from the profile stands in its head for someone else, within or outside the past's reach.
    let other = if chance.chance(0.5) { before.near(chance, 0.03) } else { chance.pick(others).clone() };
    let mut own = look.clone();
    own.suggestions = 0;
    let mut cell = None;
    own.header(&other).each_list(&mut |_, children| {
        cell = cell.take().or_else(|| {
            children.iter().find(|child| matches!(child, Node::El(element) if element.role == role)).cloned()
        });
    });
    let named = match chance.below(3) {
        0 => el("span", "whose", vec![text(&other.handle)]).node(),
        1 => el("a", "whose", vec![text(&other.name)]).with("href", look.profile_path(&other.handle)).node(),
        _ => el("span", "whose", vec![text(format!("@{}", other.handle))]).node(),
    };
    let block = el("section", "stranger", vec![named, el("div", "counts", cell.into_iter().collect()).node()]).node();
    let mut block = Some(block);
    let at_front = chance.chance(0.5);
    body.each_list(&mut |role, children| {
        if role == "header"
            && let Some(block) = block.take()
        {
            let at = if at_front { 0 } else { children.len() };
            children.insert(at, block);
        }
    });
}

/// Takes the same field out of the data.
pub(super) fn from_docs(docs: &mut Docs, look: &Look, now: &Person, change: &Change<'_>, removed: &mut Vec<String>) {
    let mut shared = Chance::new(change.seed ^ 5);
    let third = if look.site == Site::Tik { "likes" } else { "posts_count" };
    let field =
        *shared.pick(&["followers", "following", third, "bio", "avatar_url", "external_url", "views", "followers"]);
    if !removed.iter().any(|held| held == field) {
        removed.push(field.to_owned());
    }
    let keys: &[&str] = match field {
        "followers" => &["followerCount", "follower_count", "edge_followed_by"],
        "following" => &["followingCount", "following_count", "edge_follow"],
        "likes" => &["heart", "heartCount"],
        "posts_count" => &["media_count"],
        "bio" => &["signature", "biography"],
        "avatar_url" => &["avatarLarger", "hd_profile_pic_url_info", "profile_pic_url_hd"],
        "external_url" => &["bioLink", "bio_links", "external_url"],
        _ => &["playCount", "video_view_count"],
    };
    data::drop_keys(&mut docs.embedded[0], keys);
    data::drop_keys(&mut docs.network, keys);
    if field == "posts_count"
        && let Some(list) = docs.network["data"]["user"]["edge_owner_to_timeline_media"].as_object_mut()
    {
        list.remove("count");
    }
    let facts: Vec<String> = look
        .facts(now)
        .iter()
        .filter(|(name, _, _)| *name != field && !(*name == "posts" && field == "posts_count"))
        .map(|(_, value, word)| format!("{} {word}", look.locale.show(*value, true).0))
        .collect();
    docs.description = Some(format!("{} - {}", facts.join(", "), now.name));
    if change.severity > 1 {
        let mut order = Chance::new(change.seed);
        rename_all(docs, change.seed, 1, &mut order);
    }
}
