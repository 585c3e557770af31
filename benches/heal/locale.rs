//! Numbers and labels as sites show them in different languages. Abbreviations truncate.

use std::fmt::Write as _;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Locale {
    pub(crate) lang: &'static str,
    group: &'static str,
    point: &'static str,
    /// (from, divisor, suffix), largest first.
    units: &'static [(u64, u64, &'static str)],
    /// From here on counts are abbreviated.
    from: u64,
    pub(crate) followers: &'static str,
    pub(crate) following: &'static str,
    pub(crate) likes: &'static str,
    pub(crate) posts: &'static str,
    pub(crate) follow: &'static str,
    arabic: bool,
}

macro_rules! units {
    ($k:literal, $m:literal, $g:literal) => {
        &[(1_000_000_000, 1_000_000_000, $g), (1_000_000, 1_000_000, $m), (1_000, 1_000, $k)]
    };
}

pub(crate) const LOCALES: &[Locale] = &[
    Locale {
        lang: "en",
        group: ",",
        point: ".",
        units: units!("K", "M", "B"),
        from: 10_000,
        followers: "Followers",
        following: "Following",
        likes: "Likes",
        posts: "posts",
        follow: "Follow",
        arabic: false,
    },
    Locale {
        lang: "de",
        group: ".",
        point: ",",
        units: units!("\u{a0}Tsd.", "\u{a0}Mio.", "\u{a0}Mrd."),
        from: 1_000_000,
        followers: "Follower",
        following: "Folge ich",
        likes: "Likes",
        posts: "Beiträge",
        follow: "Folgen",
        arabic: false,
    },
    Locale {
        lang: "fr",
        group: "\u{202f}",
        point: ",",
        units: units!("\u{a0}k", "\u{a0}M", "\u{a0}Md"),
        from: 10_000,
        followers: "abonnés",
        following: "Suivi(e)s",
        likes: "J’aime",
        posts: "publications",
        follow: "Suivre",
        arabic: false,
    },
    Locale {
        lang: "es",
        group: ".",
        point: ",",
        units: units!("\u{a0}mil", "\u{a0}M", "\u{a0}mil\u{a0}M"),
        from: 10_000,
        followers: "Seguidores",
        following: "Siguiendo",
        likes: "Me gusta",
        posts: "publicaciones",
        follow: "Seguir",
        arabic: false,
    },
    Locale {
        lang: "pt-BR",
        group: ".",
        point: ",",
        units: units!("\u{a0}mil", "\u{a0}mi", "\u{a0}bi"),
        from: 10_000,
        followers: "seguidores",
        following: "seguindo",
        likes: "Curtidas",
        posts: "publicações",
        follow: "Seguir",
        arabic: false,
    },
    Locale {
        lang: "it",
        group: ".",
        point: ",",
        units: units!("K", "\u{a0}Mln", "\u{a0}Mrd"),
        from: 10_000,
        followers: "Follower",
        following: "Seguiti",
        likes: "Mi piace",
        posts: "post",
        follow: "Segui",
        arabic: false,
    },
    Locale {
        lang: "ru",
        group: "\u{a0}",
        point: ",",
        units: units!("\u{a0}тыс.", "\u{a0}млн", "\u{a0}млрд"),
        from: 10_000,
        followers: "подписчиков",
        following: "Подписки",
        likes: "Лайки",
        posts: "публикаций",
        follow: "Подписаться",
        arabic: false,
    },
    Locale {
        lang: "tr",
        group: ".",
        point: ",",
        units: units!("\u{a0}B", "\u{a0}Mn", "\u{a0}Mr"),
        from: 10_000,
        followers: "Takipçi",
        following: "Takip",
        likes: "Beğeni",
        posts: "gönderi",
        follow: "Takip et",
        arabic: false,
    },
    Locale {
        lang: "ja",
        group: ",",
        point: ".",
        units: &[(100_000_000, 100_000_000, "億"), (10_000, 10_000, "万")],
        from: 10_000,
        followers: "フォロワー",
        following: "フォロー中",
        likes: "いいね",
        posts: "投稿",
        follow: "フォローする",
        arabic: false,
    },
    Locale {
        lang: "ko",
        group: ",",
        point: ".",
        units: &[(100_000_000, 100_000_000, "억"), (10_000, 10_000, "만")],
        from: 10_000,
        followers: "팔로워",
        following: "팔로잉",
        likes: "좋아요",
        posts: "게시물",
        follow: "팔로우",
        arabic: false,
    },
    Locale {
        lang: "zh-Hans",
        group: ",",
        point: ".",
        units: &[(100_000_000, 100_000_000, "亿"), (10_000, 10_000, "万")],
        from: 10_000,
        followers: "粉丝",
        following: "已关注",
        likes: "获赞",
        posts: "帖子",
        follow: "关注",
        arabic: false,
    },
    Locale {
        lang: "id",
        group: ".",
        point: ",",
        units: units!("\u{a0}rb", "\u{a0}jt", "\u{a0}M"),
        from: 10_000,
        followers: "Pengikut",
        following: "Mengikuti",
        likes: "Suka",
        posts: "postingan",
        follow: "Ikuti",
        arabic: false,
    },
    Locale {
        lang: "vi",
        group: ".",
        point: ",",
        units: units!("\u{a0}N", "\u{a0}Tr", "\u{a0}T"),
        from: 10_000,
        followers: "người theo dõi",
        following: "đang theo dõi",
        likes: "lượt thích",
        posts: "bài viết",
        follow: "Theo dõi",
        arabic: false,
    },
    Locale {
        lang: "pl",
        group: "\u{a0}",
        point: ",",
        units: units!("\u{a0}tys.", "\u{a0}mln", "\u{a0}mld"),
        from: 10_000,
        followers: "obserwujących",
        following: "Obserwuje",
        likes: "Polubienia",
        posts: "posty",
        follow: "Obserwuj",
        arabic: false,
    },
    Locale {
        lang: "ar",
        group: "٬",
        point: "٫",
        units: units!("\u{a0}ألف", "\u{a0}مليون", "\u{a0}مليار"),
        from: 10_000,
        followers: "متابع",
        following: "يتابع",
        likes: "تسجيلات الإعجاب",
        posts: "منشورات",
        follow: "متابعة",
        arabic: true,
    },
    Locale {
        lang: "hi",
        group: ",",
        point: ".",
        units: &[(10_000_000, 10_000_000, " क॰"), (100_000, 100_000, " लाख"), (1_000, 1_000, " हज़ार")],
        from: 10_000,
        followers: "फ़ॉलोअर",
        following: "फ़ॉलो कर रहे हैं",
        likes: "लाइक",
        posts: "पोस्ट",
        follow: "फ़ॉलो करें",
        arabic: false,
    },
    Locale {
        lang: "sv",
        group: "\u{a0}",
        point: ",",
        units: units!("\u{a0}tn", "\u{a0}mn", "\u{a0}md"),
        from: 10_000,
        followers: "Följare",
        following: "Följer",
        likes: "Gilla-markeringar",
        posts: "inlägg",
        follow: "Följ",
        arabic: false,
    },
    Locale {
        lang: "cs",
        group: "\u{a0}",
        point: ",",
        units: units!("\u{a0}tis.", "\u{a0}mil.", "\u{a0}mld."),
        from: 10_000,
        followers: "Sledující",
        following: "Sleduji",
        likes: "To se mi líbí",
        posts: "příspěvků",
        follow: "Sledovat",
        arabic: false,
    },
    Locale {
        lang: "th",
        group: ",",
        point: ".",
        units: units!("K", "M", "B"),
        from: 10_000,
        followers: "ผู้ติดตาม",
        following: "กำลังติดตาม",
        likes: "ถูกใจ",
        posts: "โพสต์",
        follow: "ติดตาม",
        arabic: false,
    },
    Locale {
        lang: "nl",
        group: ".",
        point: ",",
        units: units!("K", "\u{a0}mln.", "\u{a0}mld."),
        from: 10_000,
        followers: "volgers",
        following: "Volgend",
        likes: "Vind-ik-leuks",
        posts: "berichten",
        follow: "Volgen",
        arabic: false,
    },
    Locale {
        lang: "hu",
        group: "\u{a0}",
        point: ",",
        units: units!("\u{a0}E", "\u{a0}M", "\u{a0}Mrd"),
        from: 10_000,
        followers: "követő",
        following: "Követés",
        likes: "Kedvelések",
        posts: "bejegyzés",
        follow: "Követés+",
        arabic: false,
    },
];

impl Locale {
    /// The text shown and its unit; below the threshold the exact number.
    pub(crate) fn show(&self, value: u64, abbreviate: bool) -> (String, u64) {
        if !abbreviate || value < self.from {
            return (self.digits(&self.grouped(value)), 1);
        }
        for &(from, divisor, suffix) in self.units {
            if value >= from {
                let tenths = value / (divisor / 10);
                if suffix.contains("mil\u{a0}M") {
                    return (
                        self.digits(&format!("{}{}{}\u{a0}M", self.grouped(value / 1_000_000), "", "")),
                        1_000_000,
                    );
                }
                let (whole, rest) = (tenths / 10, tenths % 10);
                let text =
                    if rest == 0 { format!("{whole}{suffix}") } else { format!("{whole}{}{rest}{suffix}", self.point) };
                return (self.digits(&text), if rest == 0 { divisor } else { divisor / 10 });
            }
        }
        (self.digits(&self.grouped(value)), 1)
    }

    fn grouped(&self, value: u64) -> String {
        let plain = value.to_string();
        let mut text = String::new();
        for (at, digit) in plain.chars().enumerate() {
            let left = plain.len() - at;
            let indian = self.lang == "hi" && left > 3 && (left - 3).is_multiple_of(2);
            if at > 0 && ((self.lang == "hi" && (left == 3 || indian)) || (self.lang != "hi" && left.is_multiple_of(3)))
            {
                text.push_str(self.group);
            }
            text.push(digit);
        }
        text
    }

    fn digits(&self, text: &str) -> String {
        if !self.arabic {
            return text.to_owned();
        }
        let mut out = String::new();
        for c in text.chars() {
            match c.to_digit(10) {
                Some(digit) => out.push(char::from_u32(0x660 + digit).unwrap_or(c)),
                None => {
                    let _ = write!(out, "{c}");
                }
            }
        }
        out
    }
}
