//! TikTok's JSON: the profile's scope in the page, and the items of `/api/post/item_list/`, in the shapes of 2025-26.

use serde_json::{Value, json};

use crate::model::document::PostKind;

use super::ballast;
use super::catalogue::Role;
use super::markup::{one_decimal, rounded};
use super::people::Person;
use super::posts::{Made, injected, listed, posts};
use super::redesign::{rename_keys, renamed};
use super::world::World;

/// What the page's rehydration script holds, around the one key that differs from page to page.
pub(super) fn scope(world: &World, key: &str, handle: &str, detail: Value) -> Value {
    let canonical = format!("https://www.tiktok.com/@{handle}");
    let detail = match world.redesign(super::Site::TikTok, handle) {
        Some(redesign) if redesign.changes_json() => {
            // Half of the redesigns also move everything one level down.
            let renamed_detail = rename_keys(&redesign, detail);
            if redesign.seed.is_multiple_of(2) {
                renamed_detail
            } else {
                let status = renamed_detail.get("statusCode").cloned();
                json!({renamed(&redesign, "payload"): renamed_detail, "statusCode": status})
            }
        }
        _ => detail,
    };
    json!({"__DEFAULT_SCOPE__": {
        "webapp.app-context": {
            "language": "en", "region": "US", "appId": 1233, "appType": "m", "botType": "others",
            "nonce": super::dice::Dice::new(world.seed(), &["nonce", handle]).hex(16), "clusterRegion": "EU_TTP",
            "user": null, "abTestVersion": {"versionName": "70405643,71057832,73171280", "parameters": {}},
        },
        "webapp.biz-context": ballast::biz_context(world),
        "webapp.i18n-translation": {"Webapp": ballast::translations(world)},
        "seo.abtest": {"canonical": canonical, "pageId": "0", "vidList": [], "parameters": {}},
        key: detail,
        "webapp.a-b": {"b_c": 1},
    }})
}

/// `webapp.user-detail` of a profile that is there.
pub(super) fn user_detail(world: &World, person: &Person) -> Value {
    let code = if person.private { 10_222 } else { 0 };
    let videos = if person.private { 0 } else { posts(world, person).len() };
    let count = |n: u64| json!(n);
    let likes_rounded = if person.role == Role::Huge {
        // What a signed 32-bit number makes of it.
        json!(i64::try_from(rounded(person.likes)).unwrap_or(0) - (1_i64 << 32))
    } else {
        count(rounded(person.likes))
    };
    json!({
        "userInfo": {
            "user": user(world, person),
            "stats": {
                "followerCount": rounded(person.followers), "followingCount": person.following,
                "heart": likes_rounded, "heartCount": likes_rounded, "videoCount": videos,
                "diggCount": 0, "friendCount": 0,
            },
            "statsV2": {
                "followerCount": person.followers.to_string(), "followingCount": person.following.to_string(),
                "heart": person.likes.to_string(), "heartCount": person.likes.to_string(),
                "videoCount": videos.to_string(), "diggCount": "0", "friendCount": "0",
            },
            "itemList": [],
        },
        "shareMeta": {
            "title": format!("{} on TikTok", person.name),
            "desc": format!(
                "@{} {} Followers, {} Following, {} Likes - Watch awesome short videos created by {}",
                person.handle, one_decimal(person.followers).to_lowercase(), person.following,
                one_decimal(person.likes).to_lowercase(), person.name
            ),
        },
        "statusCode": code, "statusMsg": "", "needFix": true,
    })
}

/// `webapp.user-detail` of nobody.
pub(super) fn nobody() -> Value {
    json!({
        "userInfo": {"user": {}, "stats": {}, "statsV2": {}, "itemList": []},
        "shareMeta": {"title": "", "desc": ""}, "statusCode": 10_221, "statusMsg": "", "needFix": true,
    })
}

fn user(world: &World, person: &Person) -> Value {
    let mut user = author(world, person);
    if let Some(fields) = user.as_object_mut() {
        if let Some(link) = &person.link {
            // As people type it: without the scheme.
            let bare = link.trim_start_matches("https://");
            fields.insert("bioLink".to_owned(), json!({"link": bare, "risk": 0}));
        }
        let commerce = match person.category {
            Some(category) => json!({"commerceUser": true, "category": category, "categoryButton": false}),
            None => json!({"commerceUser": false}),
        };
        fields.insert("commerceUserInfo".to_owned(), commerce);
        fields.insert("language".to_owned(), json!(person.language));
        fields.insert("profileTab".to_owned(), json!({"showMusicTab": false, "showPlayListTab": false}));
        fields.insert("followingVisibility".to_owned(), json!(1));
        fields.insert("canExpPlaylist".to_owned(), json!(true));
        fields.insert("profileEmbedPermission".to_owned(), json!(1));
        fields.insert("eventList".to_owned(), json!([]));
        fields.insert("shortDramaCreator".to_owned(), json!({}));
    }
    user
}

fn author(world: &World, person: &Person) -> Value {
    json!({
        "id": person.id, "shortId": "", "uniqueId": person.handle, "nickname": person.name,
        "avatarLarger": person.avatar_url(world, 1080), "avatarMedium": person.avatar_url(world, 720),
        "avatarThumb": person.avatar_url(world, 100), "signature": person.bio,
        "createTime": person.began_s - 86_400, "verified": person.verified, "secUid": person.sec_uid,
        "ftc": false, "relation": 0, "openFavorite": false, "commentSetting": 0, "duetSetting": 0, "stitchSetting": 0,
        "privateAccount": person.private, "secret": person.private, "isADVirtual": false, "roomId": "",
        "uniqueIdModifyTime": 0, "ttSeller": false, "downloadSetting": 0, "recommendReason": "",
        "isEmbedBanned": false, "UserStoryStatus": 0,
    })
}

/// One post, as lists and video pages hold it.
pub(super) fn item(world: &World, person: &Person, made: &Made) -> Value {
    let cover = made.picture_url(world, person.site, &made.cover);
    let (music_id, music_title, music_author) = &made.music;
    let mut item = json!({
        "id": made.id.to_string(), "desc": made.caption, "createTime": made.created_s, "scheduleTime": 0,
        "video": video(world, person, made, &cover),
        "author": author(world, person),
        "music": {
            "id": music_id, "title": music_title, "authorName": music_author, "duration": made.duration_s.max(15),
            "original": music_title.starts_with("original sound"), "private": false, "playUrl": "",
            "coverThumb": person.avatar_url(world, 100),
        },
        "challenges": made.hashtags.iter().map(|tag| json!({"id": "0", "title": tag, "desc": ""})).collect::<Value>(),
        "stats": {
            "diggCount": rounded(made.likes), "shareCount": rounded(made.shares),
            "commentCount": rounded(made.comments), "playCount": rounded(made.views),
            "collectCount": rounded(made.saves),
        },
        "statsV2": {
            "diggCount": made.likes.to_string(), "shareCount": made.shares.to_string(),
            "commentCount": made.comments.to_string(), "playCount": made.views.to_string(),
            "collectCount": made.saves.to_string(), "repostCount": "0",
        },
        "contents": [{"desc": made.caption, "textExtra": text_extra(made)}],
        "textExtra": text_extra(made),
        "originalItem": false, "officalItem": false, "secret": false, "forFriend": false, "digged": false,
        "itemCommentStatus": 0, "takeDown": 0, "privateItem": false, "isAd": made.sponsored, "IsAigc": made.ai_label,
        "shareEnabled": true, "duetDisplay": 0, "stitchDisplay": 0, "textLanguage": "un", "CategoryType": 120,
        "item_control": {"can_repost": true},
        "authorStats": {"followerCount": rounded(person.followers), "followingCount": person.following},
    });
    if let Some(fields) = item.as_object_mut() {
        if made.pinned {
            fields.insert("isPinnedItem".to_owned(), json!(true));
        }
        if made.kind == PostKind::Slideshow {
            fields.insert("imagePost".to_owned(), image_post(world, person, made));
        }
    }
    item
}

fn video(world: &World, person: &Person, made: &Made, cover: &str) -> Value {
    let address = made.video_url(world, person.site).unwrap_or_default();
    json!({
        "id": made.id.to_string(), "height": made.height, "width": made.width, "duration": made.duration_s,
        "ratio": "540p", "cover": cover, "originCover": cover, "dynamicCover": cover, "playAddr": address,
        "downloadAddr": address, "bitrate": 1_010_862, "encodedType": "normal", "format": "mp4",
        "videoQuality": "normal", "codecType": "h264", "definition": "540p",
        "zoomCover": {"240": cover, "480": cover, "720": cover, "960": cover},
        "bitrateInfo": [{
            "Bitrate": 1_010_862, "QualityType": 20, "GearName": "normal_540_0", "CodecType": "h264",
            "PlayAddr": {"DataSize": "8086899", "Width": made.width, "Height": made.height, "UrlList": [address]},
        }],
        "size": "8086899", "VQScore": "65.11", "videoID": format!("v24025gl0000{}", &made.cover[..12]),
    })
}

fn image_post(world: &World, person: &Person, made: &Made) -> Value {
    let image = |key: &String| {
        json!({
            "imageURL": {"urlList": [made.picture_url(world, person.site, key)]},
            "imageWidth": made.width, "imageHeight": made.height,
        })
    };
    let cover = made.picture_url(world, person.site, &made.cover);
    json!({
        "images": made.parts.iter().map(image).collect::<Value>(),
        "cover": {"imageURL": {"urlList": [cover]}, "imageWidth": made.width, "imageHeight": made.height},
        "title": "",
    })
}

/// Hashtags (type 1) and mentions (type 0), in order of appearance.
fn text_extra(made: &Made) -> Value {
    let mut extra = Vec::new();
    for word in made.caption.split_whitespace() {
        if let Some(tag) = word.strip_prefix('#') {
            extra.push(json!({"awemeId": "", "hashtagName": tag, "type": 1, "subType": 0, "isCommerce": false}));
        } else if let Some(name) = word.strip_prefix('@') {
            extra.push(json!({"awemeId": "", "hashtagName": "", "type": 0, "userUniqueId": name, "isCommerce": false}));
        }
    }
    Value::Array(extra)
}

/// One page of `/api/post/item_list/`. `cursor` is the creation time in milliseconds of the last unpinned item seen, 0
/// for the first page; a list that is finished has no `itemList` at all.
pub(super) fn item_list(world: &World, person: &Person, cursor: i64, count: usize) -> Value {
    let listed = listed(world, person);
    let pinned = listed.iter().filter(|made| made.pinned).count();
    let mut from = 0;
    if cursor > 0 {
        let next = listed.iter().skip(pinned).position(|made| made.created_s * 1_000 < cursor);
        from = next.map_or(listed.len(), |at| at + pinned);
        // Stars' pages overlap by three, as captured pages do.
        if person.role == Role::Star && from < listed.len() {
            from = from.saturating_sub(3).max(pinned);
        }
    }
    let page: Vec<&Made> = listed.iter().skip(from).take(count).collect();
    let more = from + page.len() < listed.len();
    let next = page.iter().rev().find(|made| !made.pinned).map_or(cursor, |made| made.created_s * 1_000);
    let mut items: Vec<Value> = page.iter().map(|made| item(world, person, made)).collect();
    if person.role == Role::Shared && items.len() > 4 {
        let place = u64::try_from(from).unwrap_or(0);
        if let Some((stranger, made)) = injected(world, person, place) {
            items.insert(4, item(world, &stranger, &made));
        }
    }
    let mut body = json!({
        "cursor": next.to_string(),
        "extra": {"fatal_item_ids": [], "logid": "20261015000000", "now": world.now().timestamp_millis()},
        "hasMore": more, "log_pb": {"impr_id": "20261015000000"},
        "statusCode": 0, "status_code": 0, "status_msg": "",
    });
    if let (Some(fields), false) = (body.as_object_mut(), items.is_empty()) {
        fields.insert("itemList".to_owned(), Value::Array(items));
    }
    match world.redesign(person.site, &person.handle) {
        Some(redesign) if redesign.changes_json() => rename_keys(&redesign, body),
        _ => body,
    }
}
