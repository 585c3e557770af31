//! Words that stand beside a post's numbers. Plays are what is wanted; every other count of a post looks exactly like them, so what is
//! said to be another is never taken for them.

/// What the words around a number say it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// Plays.
    Views,
    /// Another count.
    Other,
    /// Nothing that is known.
    Nothing,
}

/// Plays, in the languages that sites speak.
const VIEWS: &[&str] = &[
    "view",
    "views",
    "viewed",
    "play",
    "plays",
    "played",
    "watched",
    "aufrufe",
    "aufruf",
    "wiedergaben",
    "abgespielt",
    "vues",
    "vue",
    "lectures",
    "visualizaciones",
    "visualización",
    "reproducciones",
    "reproducción",
    "vistas",
    "visualizações",
    "visualização",
    "reproduções",
    "visualizzazioni",
    "riproduzioni",
    "просмотров",
    "просмотра",
    "просмотры",
    "просмотр",
    "переглядів",
    "перегляди",
    "görüntüleme",
    "görüntülenme",
    "izlenme",
    "oynatma",
    "مشاهدة",
    "مشاهدات",
    "व्यूज़",
    "व्यूज",
    "बार देखा",
    "tayangan",
    "ditonton",
    "tontonan",
    "lượt xem",
    "weergaven",
    "visningar",
    "visninger",
    "avspillinger",
    "afspilninger",
    "wyświetleń",
    "wyświetlenia",
    "odtworzeń",
    "zhlédnutí",
    "megtekintés",
    "προβολές",
    "προβολή",
    "vizualizări",
    "katselukertaa",
    "näyttökertaa",
    "צפיות",
];

/// Plays, in scripts that write without spaces.
const VIEWS_DENSE: &[&str] =
    &["播放", "观看", "觀看", "再生", "视频播放", "視聴", "조회", "재생", "การดู", "ยอดดู", "ดูแล้ว"];

/// Other counts of a post.
const OTHER: &[&str] = &[
    "like",
    "likes",
    "liked",
    "comment",
    "comments",
    "share",
    "shares",
    "shared",
    "save",
    "saves",
    "saved",
    "bookmarks",
    "favorites",
    "favourites",
    "repost",
    "reposts",
    "remix",
    "remixes",
    "replies",
    "reactions",
    "reach",
    "rank",
    "impressions",
    "gefällt",
    "likes",
    "kommentare",
    "kommentar",
    "geteilt",
    "gespeichert",
    "j'aime",
    "j’aime",
    "aime",
    "commentaires",
    "commentaire",
    "partages",
    "enregistrements",
    "gusta",
    "comentarios",
    "comentario",
    "compartidos",
    "compartido",
    "guardados",
    "curtidas",
    "curtida",
    "gostos",
    "gosto",
    "comentários",
    "comentário",
    "partilhas",
    "compartilhamentos",
    "piace",
    "commenti",
    "commento",
    "condivisioni",
    "отметок",
    "отметки",
    "лайков",
    "лайка",
    "лайк",
    "нравится",
    "комментариев",
    "комментария",
    "комментарии",
    "комментарий",
    "поделились",
    "вподобань",
    "beğeni",
    "beğenme",
    "beğenen",
    "yorum",
    "paylaşım",
    "kaydetme",
    "إعجاب",
    "إعجابات",
    "تعليق",
    "تعليقات",
    "مشاركة",
    "लाइक",
    "पसंद",
    "टिप्पणियां",
    "टिप्पणी",
    "कमेंट",
    "suka",
    "menyukai",
    "komentar",
    "bagikan",
    "thích",
    "bình luận",
    "chia sẻ",
    "vind-ik-leuks",
    "reacties",
    "gilla-markeringar",
    "gillar",
    "kommentarer",
    "liker",
    "polubień",
    "polubienia",
    "komentarzy",
    "komentarze",
    "udostępnień",
    "followers",
    "following",
    "posts",
];

/// Other counts, in scripts that write without spaces.
const OTHER_DENSE: &[&str] = &[
    "赞",
    "讚",
    "喜欢",
    "喜歡",
    "评论",
    "評論",
    "留言",
    "分享",
    "收藏",
    "いいね",
    "コメント",
    "シェア",
    "좋아요",
    "댓글",
    "공유",
    "ถูกใจ",
    "ความคิดเห็น",
];

/// What begins the title of a section that holds others' posts.
const SUGGESTING: &[&str] = &[
    "suggested",
    "recommended",
    "related",
    "similar",
    "you may like",
    "you might like",
    "more like",
    "for you",
    "more from",
    "discover",
    "trending",
    "empfohlen",
    "vorgeschlagen",
    "vorschläge",
    "ähnliche",
    "mehr von",
    "suggestions",
    "suggéré",
    "recommandé",
    "similaires",
    "plus de",
    "sugerido",
    "sugerencias",
    "recomendado",
    "similares",
    "más de",
    "sugestões",
    "mais de",
    "consigliati",
    "suggeriti",
    "simili",
    "altro di",
    "рекомендуем",
    "рекомендации",
    "похожие",
    "önerilen",
    "benzer",
    "おすすめ",
    "推荐",
    "推薦",
    "추천",
    "مقترح",
    "सुझाए",
    "disarankan",
    "đề xuất",
    "polecane",
    "aanbevolen",
];

/// Titles of sections that hold the profile's own posts.
const OWN_SECTIONS: &[&str] = &[
    "popular",
    "latest",
    "newest",
    "oldest",
    "recent",
    "all",
    "all posts",
    "all videos",
    "pinned",
    "posts",
    "videos",
    "reels",
    "clips",
    "grid",
    "most viewed",
    "top",
    "beliebt",
    "neueste",
    "alle",
    "angepinnt",
    "beiträge",
    "populaires",
    "récentes",
    "populares",
    "recientes",
    "fijados",
    "recentes",
    "fixados",
    "popolari",
    "recenti",
    "популярные",
    "новые",
    "popüler",
    "en yeni",
    "人気",
    "最新",
    "热门",
    "인기",
    "최신",
    "الأحدث",
    "populer",
    "terbaru",
    "popularne",
    "najnowsze",
];

/// Whether a title is one of a section of the profile's own posts.
pub(super) fn is_own_section(title: &str) -> bool {
    OWN_SECTIONS.contains(&super::super::label::plain(title).as_str())
}

/// What a text beside a number says it is; a word for each says nothing.
pub(super) fn told(plain: &str) -> Told {
    let has = |apart: &[&str], dense: &[&str]| {
        apart.iter().any(|word| stands_in(plain, word)) || dense.iter().any(|word| plain.contains(word))
    };
    match (has(VIEWS, VIEWS_DENSE), has(OTHER, OTHER_DENSE)) {
        (true, false) => Told::Views,
        (false, true) => Told::Other,
        _ => Told::Nothing,
    }
}

/// Whether a section's title offers what is not the profile's.
pub(super) fn suggests(title: &str) -> bool {
    let plain = super::super::label::plain(title);
    SUGGESTING.iter().any(|word| plain.contains(word))
}

fn stands_in(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !(before.is_some_and(char::is_alphabetic) || after.is_some_and(char::is_alphabetic))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_tell_plays_from_other_counts() {
        for (text, wanted) in [
            ("view count icon", Told::Views),
            ("aufrufe", Told::Views),
            ("次播放", Told::Views),
            ("likes", Told::Other),
            ("gefällt mir", Told::Other),
            ("likes and views", Told::Nothing),
            ("reviews", Told::Nothing),
        ] {
            assert_eq!(told(text), wanted, "{text}");
        }
        assert!(suggests("Suggested for you"));
        assert!(!suggests("Popular"));
    }
}
