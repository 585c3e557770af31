//! The language a page's counts are written in. `html lang` is often missing or left at English while everything shown is not, and
//! then `34,5 B` is read as billions where it means thousands. The page's own labels decide where they contradict the declaration.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::dom::{Dom, Sight};
use super::label;

/// Labels by language, for the languages whose units mean something else elsewhere, and English as the usual false declaration.
const LABELS: &[(&str, &[&str])] = &[
    ("en", &["followers", "following", "likes", "posts", "views"]),
    (
        "tr",
        &[
            "takipçi",
            "takipçiler",
            "takip",
            "takip edilen",
            "takip ediliyor",
            "takip et",
            "beğeni",
            "beğenme",
            "gönderi",
            "gönderiler",
            "görüntüleme",
            "izlenme",
            "profili düzenle",
            "mesaj gönder",
        ],
    ),
    ("az", &["izləyici", "izləyicilər", "izlənilən", "bəyənmə", "paylaşım", "izlə"]),
    ("id", &["pengikut", "mengikuti", "diikuti", "suka", "postingan", "kiriman", "penayangan", "ikuti", "tayangan"]),
    (
        "vi",
        &[
            "người theo dõi",
            "đang theo dõi",
            "đã follow",
            "đang follow",
            "lượt thích",
            "thích",
            "bài viết",
            "theo dõi",
            "lượt xem",
        ],
    ),
    ("da", &["følgere", "følger selv", "synes godt om", "opslag", "visninger", "følg"]),
    (
        "fi",
        &["seuraajaa", "seuraajat", "seurataan", "seurattavat", "seurattua", "tykkäystä", "tykkäykset", "julkaisua"],
    ),
    ("hu", &["követő", "követők", "követés", "követett", "kedvelés", "bejegyzés", "megtekintés"]),
    (
        "pl",
        &["obserwujących", "obserwujący", "obserwowani", "obserwowanych", "polubienia", "polubień", "posty", "postów"],
    ),
    ("ro", &["urmăritori", "de urmăritori", "urmărește", "urmăriri", "aprecieri", "postări", "vizualizări"]),
    ("cs", &["sledující", "sledujících", "sleduji", "to se mi líbí", "příspěvků", "příspěvky", "zhlédnutí"]),
    ("sk", &["sledovatelia", "sledovateľov", "sledujem", "páči sa mi to", "príspevkov", "príspevky"]),
    ("hr", &["pratitelji", "pratitelja", "praćenja", "pratim", "sviđanja", "objava", "objave"]),
    ("sl", &["sledilci", "sledim", "všečki", "všečkov"]),
    ("es", &["seguidores", "siguiendo", "seguidos", "me gusta", "publicaciones", "visualizaciones"]),
    ("pt", &["seguidores", "seguindo", "a seguir", "curtidas", "gostos", "publicações"]),
];

/// Every label with the languages that use it and its place among theirs.
static PLACES: LazyLock<HashMap<&'static str, Vec<(usize, u32)>>> = LazyLock::new(|| {
    let mut places: HashMap<&'static str, Vec<(usize, u32)>> = HashMap::new();
    for (language, (_, labels)) in LABELS.iter().enumerate() {
        for (bit, label) in (0_u32..).zip(*labels) {
            places.entry(label).or_default().push((language, bit));
        }
    }
    places
});

/// The language, by its two letters or as declared: what the labels say where few or none of them are of the declared language.
pub(super) fn spoken(dom: &Dom) -> String {
    // A bit per label, so that a word that stands on every post counts once.
    let mut seen = vec![0_u32; LABELS.len()];
    for node in dom.texts.iter().filter(|node| node.text.len() <= 60) {
        if dom.elements[node.element].sight == Sight::Hidden {
            continue;
        }
        for &(language, bit) in said(&node.text) {
            seen[language] |= 1 << bit;
        }
    }
    let kinds: Vec<u32> = seen.iter().map(|seen| seen.count_ones()).collect();
    let Some(&most) = kinds.iter().max() else { return dom.lang.clone() };
    let declared = dom.lang.get(..2).unwrap_or_default();
    let held = LABELS.iter().position(|(lang, _)| *lang == declared).map_or(0, |at| kinds[at]);
    let needed = if declared.is_empty() { 1 } else { 2 };
    let mut likely = (0..LABELS.len()).filter(|&at| kinds[at] == most);
    match (likely.next(), likely.next()) {
        // Where two languages are equally likely, nothing is decided.
        (Some(only), None) if most >= needed && held * 2 <= most && LABELS[only].0 != declared => {
            LABELS[only].0.to_owned()
        }
        _ => dom.lang.clone(),
    }
}

/// The languages of the label that a text is, or that stands at its end behind a number.
fn said(text: &str) -> &'static [(usize, u32)] {
    let words = label::plain(text.trim_matches(|c: char| !c.is_alphabetic()));
    let mut tails = vec![words.as_str()];
    if text.trim_start().starts_with(|c: char| c.is_ascii_digit()) {
        tails.extend(words.match_indices(' ').filter_map(|(at, _)| words.get(at + 1..)));
    }
    for tail in tails {
        if let Some(places) = PLACES.get(tail) {
            return places;
        }
    }
    &[]
}

#[cfg(test)]
mod tests {
    use super::super::dom::Dom;

    fn of(lang: &str, body: &str) -> String {
        Dom::parse(&format!("<html{lang}><body>{body}</body></html>")).lang
    }

    #[test]
    fn the_labels_decide_where_the_declaration_contradicts_them() {
        let turkish = "<p>34,5 B Takipçi</p><p><b>12</b><i>Takip</i></p><p>3 B <i>Beğeni</i></p>";
        assert_eq!(of("", turkish), "tr");
        assert_eq!(of(" lang=en", turkish), "tr");
        assert_eq!(of(" lang=tr-TR", turkish), "tr-tr");
        let english = "<p>1,244 Followers</p><p><b>12</b><i>Following</i></p><h1>Takip</h1>";
        assert_eq!(of(" lang=en-IN", english), "en-in");
        assert_eq!(of(" lang=de", "<p>1.244 Follower</p><p>12 Gefolgt</p>"), "de");
        assert_eq!(of("", "<p>1.244 Follower</p>"), "");
    }
}
