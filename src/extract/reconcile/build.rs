//! From chosen readings to the document's profile and posts, and what a caption says of its own: its tags and mentions.

use std::sync::LazyLock;

use regex::Regex;

use super::choose::Choice;
use crate::extract::values;
use crate::model::document::{Child, Music, Post, Profile, TimePrecision};
use crate::model::page::{Field, Value};

/// A hashtag: letters, digits, marks and underscores of any script. Both sites take one in the middle of a word too, but
/// not in an address.
static HASHTAG: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:^|[^&/#＃])[#＃]([\p{L}\p{N}\p{M}_\u{200c}\u{200d}]+)").ok());
/// A mention: the letters that both sites allow in handles, not inside a mail address.
static MENTION: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:^|[^\p{L}\p{N}_.@/])@([A-Za-z0-9_](?:[A-Za-z0-9_.]*[A-Za-z0-9_])?)").ok());

struct Chosen<'c, 'p>(&'c [Choice<'p>]);

impl<'p> Chosen<'_, 'p> {
    fn value(&self, field: Field) -> Option<&'p Value> {
        self.0.iter().find(|choice| choice.reading.field == field).map(|choice| &choice.reading.value)
    }

    fn text(&self, field: Field) -> Option<String> {
        self.value(field)?.as_text().map(str::to_owned)
    }

    fn count(&self, field: Field) -> Option<u64> {
        self.value(field)?.as_count()
    }

    fn size(&self, field: Field) -> Option<u32> {
        self.count(field).and_then(|value| u32::try_from(value).ok())
    }

    fn flag(&self, field: Field) -> Option<bool> {
        self.value(field)?.as_flag()
    }

    fn list(&self, field: Field) -> Option<Vec<String>> {
        self.value(field)?.as_list().map(<[String]>::to_vec)
    }

    fn children(&self) -> Vec<Child> {
        match self.value(Field::Children) {
            Some(Value::Children(children)) => children.clone(),
            _ => Vec::new(),
        }
    }
}

/// A profile of its chosen readings.
pub(super) fn profile(choices: &[Choice<'_>]) -> Profile {
    let chosen = Chosen(choices);
    Profile {
        id: chosen.text(Field::Id),
        username: chosen.text(Field::Username),
        display_name: chosen.text(Field::DisplayName),
        picture_url: chosen.text(Field::PictureUrl),
        bio: chosen.text(Field::Bio),
        links: chosen.list(Field::Links).unwrap_or_default(),
        category: chosen.text(Field::Category),
        verified: chosen.flag(Field::Verified),
        private: chosen.flag(Field::Private),
        business: chosen.flag(Field::Business),
        language: chosen.text(Field::Language),
        region: chosen.text(Field::Region),
        followers: chosen.count(Field::Followers),
        following: chosen.count(Field::Following),
        likes: chosen.count(Field::Likes),
        posts_count: chosen.count(Field::PostsCount),
    }
}

/// A post of its chosen readings, before its ids are completed.
pub(super) fn post(choices: &[Choice<'_>]) -> Post {
    let chosen = Chosen(choices);
    let caption = chosen.text(Field::Caption);
    let tags = |field, pattern: &LazyLock<Option<Regex>>| {
        chosen.list(field).unwrap_or_else(|| caption.as_deref().map(|text| found(text, pattern)).unwrap_or_default())
    };
    let (hashtags, mentions) = (tags(Field::Hashtags, &HASHTAG), tags(Field::Mentions, &MENTION));
    let published_at = match chosen.value(Field::PublishedAt) {
        Some(Value::Time(time)) => Some(*time),
        _ => None,
    };
    let music = Music {
        id: chosen.text(Field::MusicId),
        title: chosen.text(Field::MusicTitle),
        author: chosen.text(Field::MusicAuthor),
    };
    Post {
        id: chosen.text(Field::Id).unwrap_or_default(),
        code: chosen.text(Field::Code),
        url: chosen.text(Field::Url),
        kind: chosen.text(Field::Kind).and_then(|word| values::kind(&word)),
        hashtags,
        mentions,
        caption,
        published_at,
        published_precision: published_at.map(|_| TimePrecision::Exact),
        thumbnail_url: chosen.text(Field::ThumbnailUrl),
        views: chosen.count(Field::Views),
        likes: chosen.count(Field::Likes),
        comments: chosen.count(Field::Comments),
        shares: chosen.count(Field::Shares),
        saves: chosen.count(Field::Saves),
        video_url: chosen.text(Field::VideoUrl),
        duration_s: match chosen.value(Field::DurationS) {
            Some(Value::Seconds(seconds)) => Some(*seconds),
            _ => None,
        },
        width: chosen.size(Field::Width),
        height: chosen.size(Field::Height),
        music: (music != Music::default()).then_some(music),
        pinned: chosen.flag(Field::Pinned),
        sponsored: chosen.flag(Field::Sponsored),
        ai_label: chosen.flag(Field::AiLabel),
        children: chosen.children(),
    }
}

/// What a pattern finds in a caption, each once, in order.
fn found(caption: &str, pattern: &LazyLock<Option<Regex>>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let Some(pattern) = pattern.as_ref() else { return all };
    for tag in pattern.captures_iter(caption).filter_map(|groups| groups.get(1)) {
        let word = caption.get(..tag.start()).and_then(|before| before.split_whitespace().next_back());
        if word.is_some_and(|word| word.contains("://")) {
            continue;
        }
        let tag = tag.as_str().to_owned();
        if !all.contains(&tag) && !tag.chars().all(|c| c == '_') {
            all.push(tag);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_mentions_of_any_script_are_found_once() {
        let caption = "Hi @jlo, mail me@x.org! #Été Part20#été_2 ＃日本 &#39; https://x.org/p#top @a.b. (@c) #Été";
        assert_eq!(found(caption, &HASHTAG), ["Été", "été_2", "日本"]);
        assert_eq!(found(caption, &MENTION), ["jlo", "a.b", "c"]);
    }
}
