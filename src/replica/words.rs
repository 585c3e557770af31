//! What people here write: names, biographies, captions, sounds; ours, put together by the dice.

use super::catalogue::Role;
use super::dice::Dice;

pub(super) const CATEGORIES: [&str; 6] =
    ["Artist", "Local business", "Kitchen/cooking", "Digital creator", "Product/service", "Musician/band"];

const FIRST: [&str; 16] = [
    "Mara", "Juno", "Tomas", "Ines", "Noor", "Pavel", "Lena", "Kofi", "Yuki", "Rosa", "Emil", "Sana", "Otto", "Dina",
    "Ravi", "Freya",
];
const LAST: [&str; 12] = [
    "Brandt",
    "Okafor",
    "Silva",
    "Novak",
    "Lindqvist",
    "Moreau",
    "Tanaka",
    "Costa",
    "Haddad",
    "Weber",
    "Kaur",
    "Quinn",
];
const TRADES: [&str; 10] = [
    "ceramics",
    "street food",
    "trail running",
    "chess",
    "film photos",
    "tiny gardens",
    "old synths",
    "baking",
    "maps",
    "bikes",
];
const WORDS: [&str; 48] = [
    "again", "morning", "the", "harbour", "with", "light", "we", "never", "bread", "slowly", "tried", "this", "winter",
    "first", "quiet", "table", "and", "half", "part", "two", "long", "home", "almost", "ready", "little", "garden",
    "today", "still", "learning", "how", "to", "fold", "paper", "boats", "before", "rain", "somebody", "asked", "for",
    "more", "so", "here", "it", "is", "from", "my", "window", "tonight",
];
const TAGS: [&str; 14] = [
    "slowliving",
    "handmade",
    "streetfood",
    "ceramics",
    "trailrunning",
    "filmphotography",
    "smallgardens",
    "baking",
    "chess",
    "day365",
    "behind_the_scenes",
    "2026",
    "vintagesynths",
    "bikerepair",
];
const FACES: [&str; 10] = ["🔥", "✨", "🌿", "😅", "🍞", "🎉", "👩‍🍳", "🏳️‍🌈", "🇯🇵", "🫶🏽"];
const TONGUES: [&str; 14] = [
    "Guten Morgen, liebe Grüße aus Köln",
    "¡Qué día tan bonito! ¿Quién viene?",
    "今日もいい天気ですね。散歩に行きましょう",
    "오늘도 좋은 하루 되세요",
    "Доброе утро, друзья! Чай готов",
    "صباح الخير يا أصدقاء، القهوة جاهزة",
    "בוקר טוב לכולם",
    "सुप्रभात दोस्तों, चाय तैयार है",
    "สวัสดีตอนเช้าทุกคน",
    "Καλημέρα σε όλους",
    "Xin chào, cà phê sữa đá nhé",
    "Zażółć gęślą jaźń",
    "ስላም ለሁላችሁ",
    "Z͑ä̈l̈g̈ö̈ and 𝒻𝒶𝓃𝒸𝓎 𝕥𝕖𝕩𝕥 \u{200d}\u{202e}sdrawkcab\u{202c} <b>&amp;</b> \"quotes\" \\u0041 </script>",
];
const FOREIGN_TAGS: [&str; 6] = ["日本", "кофе", "قهوة", "서울", "café", "köln"];
const HOSTILE: [&str; 12] = [
    "captcha",
    "log in to continue",
    "verify you are human",
    "page not found",
    "This account is private",
    "Couldn't find this account",
    "challenge",
    "checkpoint_required",
    "Sorry, this page isn't available.",
    "Please wait a few minutes before you try again.",
    "Access Denied",
    "not available in your region",
];
/// The length of the longest captions, in characters.
pub(super) const LONG_CAPTION: usize = 10_000;

pub(super) fn display_name(dice: &mut Dice, role: Role) -> String {
    let first = dice.pick(&FIRST);
    if role == Role::Polyglot {
        return format!("{first} 世界 {} Ωμέγα", dice.pick(&FACES));
    }
    if role == Role::Hostile {
        return format!("{first} Captcha | Log in");
    }
    match dice.below(4) {
        0 => format!("{first} {}", dice.pick(&LAST)),
        1 => format!("{first} {} {}", dice.pick(&LAST), dice.pick(&FACES)),
        2 => format!("{first} | {}", dice.pick(&TRADES)),
        _ => format!("{first} & {}", dice.pick(&FIRST)),
    }
}

pub(super) fn bio(dice: &mut Dice, role: Role) -> String {
    let trade = dice.pick(&TRADES);
    let line = if role == Role::Polyglot {
        format!("{} · {}", dice.pick(&TONGUES[..12]), dice.pick(&TONGUES[..12]))
    } else if role == Role::Hostile {
        format!("{} · {}. 404 follows, 12 likes", dice.pick(&HOSTILE), dice.pick(&HOSTILE))
    } else if dice.chance(12) {
        return String::new();
    } else {
        format!("{trade} {} {} {} days", dice.pick(&FACES), sentence(dice, 4), dice.between(40, 900))
    };
    if dice.chance(40) { format!("{line}\nnew every {}", dice.pick(&["Monday", "Friday", "other week"])) } else { line }
}

pub(super) fn link(dice: &mut Dice, handle: &str) -> String {
    let host: String = handle.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    format!("https://{host}.example/{}", dice.pick(&["shop", "tour", "hello", "all"]))
}

fn sentence(dice: &mut Dice, words: u64) -> String {
    (0..words).map(|_| dice.pick(&WORDS)).collect::<Vec<_>>().join(" ")
}

pub(super) fn caption(dice: &mut Dice, role: Role, number: u64) -> String {
    if role == Role::Polyglot && number % 29 == 7 {
        return long_caption(dice);
    }
    let length = dice.between(3, 16);
    let mut caption = if role == Role::Polyglot {
        format!("{} {} {}", dice.pick(&TONGUES), dice.pick(&FACES), sentence(dice, length / 2))
    } else if role == Role::Hostile {
        format!("{} {} {}", dice.pick(&HOSTILE), sentence(dice, length / 3), dice.pick(&HOSTILE))
    } else if dice.chance(4) {
        return String::new();
    } else {
        sentence(dice, length)
    };
    if dice.chance(50) {
        caption = format!("{caption} {}", dice.pick(&FACES));
    }
    if dice.chance(25) {
        caption = format!("{caption} with @creator_{}", dice.below(5_000));
    }
    for _ in 0..dice.below(4) {
        let tag = if role == Role::Polyglot { dice.pick(&FOREIGN_TAGS) } else { dice.pick(&TAGS) };
        if !tagged(&caption, '#').iter().any(|have| have == tag) {
            caption = format!("{caption} #{tag}");
        }
    }
    caption
}

/// A caption of exactly [`LONG_CAPTION`] characters, in all scripts.
fn long_caption(dice: &mut Dice) -> String {
    let mut text = String::new();
    while text.chars().count() < LONG_CAPTION {
        text.push_str(dice.pick(&TONGUES[..12]));
        text.push(' ');
        text.push_str(&sentence(dice, 12));
        text.push('\n');
    }
    let mut text: String = text.chars().take(LONG_CAPTION - 1).collect();
    // Never ends with a blank, which a page might trim.
    text.push('.');
    text
}

/// The words of a caption that begin with `mark`, without it.
pub(super) fn tagged(caption: &str, mark: char) -> Vec<String> {
    caption.split_whitespace().filter_map(|word| word.strip_prefix(mark)).map(str::to_owned).collect()
}

/// Id, title and author of a sound.
pub(super) fn music(dice: &mut Dice, name: &str) -> (String, String, String) {
    let id = format!("{}", dice.between(6_900_000_000_000_000_000, 7_500_000_000_000_000_000));
    if dice.chance(55) {
        (id, format!("original sound - {name}"), name.to_owned())
    } else {
        (id, sentence(dice, 3), format!("The {} {}s", dice.pick(&LAST), dice.pick(&FIRST)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_caption_has_ten_thousand_characters() {
        let caption = caption(&mut Dice::new(1, &["c"]), Role::Polyglot, 7);
        assert_eq!(caption.chars().count(), LONG_CAPTION);
        assert_eq!(caption.trim(), caption);
    }
}
