//! How the sites write counts in 42 locales, and the property that reading gives back what was written: the true
//! count lies within one unit of the last shown digit, whatever the language.

use proptest::prelude::*;

use super::{CountLabel, count, count_in, label, labelled};
use crate::model::document::Precision;

/// One locale: its marks, its digits, its units from small to large, and its word for followers.
struct Locale {
    tag: &'static str,
    group: &'static str,
    point: &'static str,
    zero: char,
    units: &'static [(u64, &'static str)],
    followers: &'static str,
}

const K: u64 = 1_000;
const MAN: u64 = 10_000;
const LAKH: u64 = 100_000;
const M: u64 = 1_000_000;
const CRORE: u64 = 10_000_000;
const OKU: u64 = 100_000_000;
const G: u64 = 1_000_000_000;
const NB: &str = "\u{A0}";
const NNB: &str = "\u{202F}";

type Units = &'static [(u64, &'static str)];

const fn western(
    tag: &'static str,
    group: &'static str,
    point: &'static str,
    units: Units,
    followers: &'static str,
) -> Locale {
    Locale { tag, group, point, zero: '0', units, followers }
}

const LOCALES: &[Locale] = &[
    western("en", ",", ".", &[(K, "K"), (M, "M"), (G, "B")], "followers"),
    western("en-IN", ",", ".", &[(LAKH, " lakh"), (CRORE, " crore")], "followers"),
    western("de", ".", ",", &[(K, "\u{A0}Tsd."), (M, "\u{A0}Mio."), (G, "\u{A0}Mrd.")], "Follower"),
    western("de-CH", "’", ".", &[(K, "\u{A0}Tsd."), (M, "\u{A0}Mio."), (G, "\u{A0}Mrd.")], "Abonnenten"),
    western("fr", NNB, ",", &[(K, "\u{A0}k"), (M, "\u{A0}M"), (G, "\u{A0}Md")], "abonnés"),
    western("es", ".", ",", &[(K, " mil"), (M, " M"), (G, " mil M")], "seguidores"),
    western("pt-BR", ".", ",", &[(K, " mil"), (M, " mi"), (G, " bi")], "seguidores"),
    western("pt-PT", NB, ",", &[(K, " mil"), (M, " M"), (G, " mil M")], "seguidores"),
    western("ca", ".", ",", &[(K, "\u{A0}m"), (M, "\u{A0}M")], "seguidors"),
    western("it", ".", ",", &[(K, " mila"), (M, " Mln"), (G, " Mrd")], "follower"),
    western("nl", ".", ",", &[(K, "K"), (M, " mln."), (G, " mld.")], "volgers"),
    western("da", ".", ",", &[(K, " t"), (M, " mio."), (G, " mia.")], "følgere"),
    western("sv", NB, ",", &[(K, " tn"), (M, " mn"), (G, " md")], "följare"),
    western("nb", NB, ",", &[(K, "k"), (M, " mill."), (G, " mrd.")], "følgere"),
    western("fi", NB, ",", &[(K, " t."), (M, " milj."), (G, " mrd.")], "seuraajaa"),
    western("is", ".", ",", &[(K, " þús."), (M, " m."), (G, " ma.")], "fylgjendur"),
    western("pl", NB, ",", &[(K, " tys."), (M, " mln"), (G, " mld")], "obserwujących"),
    western("cs", NB, ",", &[(K, " tis."), (M, " mil."), (G, " mld.")], "sledujících"),
    western("sk", NB, ",", &[(K, " tis."), (M, " mil."), (G, " mld.")], "sledovateľov"),
    western("hu", NB, ",", &[(K, " E"), (M, " M"), (G, " Mrd")], "követő"),
    western("ro", ".", ",", &[(K, " mii"), (M, " mil."), (G, " mld.")], "urmăritori"),
    western("hr", ".", ",", &[(K, " tis."), (M, " mil."), (G, " mlrd.")], "pratitelja"),
    western("sr", ".", ",", &[(K, " хиљ."), (M, " мил."), (G, " млрд.")], "пратилаца"),
    western("bg", NB, ",", &[(K, " хил."), (M, " млн."), (G, " млрд.")], "последователи"),
    western("ru", NB, ",", &[(K, " тыс."), (M, " млн"), (G, " млрд")], "подписчиков"),
    western("uk", NB, ",", &[(K, " тис."), (M, " млн"), (G, " млрд")], "підписників"),
    western("el", ".", ",", &[(K, " χιλ."), (M, " εκ."), (G, " δισ.")], "ακόλουθοι"),
    western("lt", NB, ",", &[(K, " tūkst."), (M, " mln."), (G, " mlrd.")], "sekėjų"),
    western("lv", NB, ",", &[(K, " tūkst."), (M, " milj."), (G, " mljrd.")], "sekotāji"),
    western("et", NB, ",", &[(K, " tuh"), (M, " mln"), (G, " mld")], "jälgijat"),
    western("tr", ".", ",", &[(K, " B"), (M, " Mn"), (G, " Mr")], "takipçi"),
    western("id", ".", ",", &[(K, " rb"), (M, " jt")], "pengikut"),
    western("vi", ".", ",", &[(K, " N"), (M, " Tr"), (G, " tỷ")], "người theo dõi"),
    western("ja", ",", ".", &[(MAN, "万"), (OKU, "億")], "フォロワー"),
    western("zh-Hans", ",", ".", &[(MAN, "万"), (OKU, "亿")], "粉丝"),
    western("zh-Hant", ",", ".", &[(MAN, "萬"), (OKU, "億")], "位追蹤者"),
    western("ko", ",", ".", &[(K, "천"), (MAN, "만"), (OKU, "억")], "팔로워"),
    western("th", ",", ".", &[(MAN, " หมื่น"), (LAKH, " แสน"), (M, " ล้าน"), (G, " พันล้าน")], "ผู้ติดตาม"),
    western("he", ",", ".", &[(K, "K\u{200F}"), (M, "M\u{200F}"), (G, "B\u{200F}")], "עוקבים"),
    Locale {
        tag: "ar-EG",
        group: "٬",
        point: "٫",
        zero: '٠',
        units: &[(K, "\u{A0}ألف"), (M, "\u{A0}مليون"), (G, "\u{A0}مليار")],
        followers: "متابع",
    },
    Locale {
        tag: "fa",
        group: "٬",
        point: "٫",
        zero: '۰',
        units: &[(K, "\u{A0}هزار"), (M, "\u{A0}میلیون"), (G, "\u{A0}میلیارد")],
        followers: "دنبال‌کننده",
    },
    Locale {
        tag: "hi",
        group: ",",
        point: ".",
        zero: '०',
        units: &[(K, "\u{A0}हज़ार"), (LAKH, "\u{A0}लाख"), (CRORE, "\u{A0}क॰"), (G, "\u{A0}अ॰")],
        followers: "फ़ॉलोअर",
    },
    Locale {
        tag: "bn",
        group: ",",
        point: ".",
        zero: '০',
        units: &[(K, "\u{A0}হা"), (LAKH, "\u{A0}লাখ"), (CRORE, "\u{A0}কোটি")],
        followers: "ফলোয়ার",
    },
];

impl Locale {
    /// As the site shows it: digits alone below 10,000, else truncated to one decimal of the largest unit that fits.
    fn show(&self, n: u64) -> (String, u64) {
        let unit = self.units.iter().rev().find(|(unit, _)| *unit <= n).filter(|_| n >= 10_000);
        let Some((unit, name)) = unit else { return (self.exact(n), 1) };
        let tenths = n / (unit / 10);
        // Four digits before a unit are grouped only where a comma cannot be a decimal mark: "1,234万", but "1234 M".
        let whole = if self.point == "." { self.exact(tenths / 10) } else { self.digits(tenths / 10) };
        if tenths.is_multiple_of(10) || tenths >= 1_000 {
            return (format!("{whole}{name}"), *unit);
        }
        let tenth = self.digits(tenths % 10);
        (format!("{whole}{}{tenth}{name}", self.point), unit / 10)
    }

    fn exact(&self, n: u64) -> String {
        let digits = self.digits(n);
        let count = digits.chars().count();
        let indian = matches!(self.tag, "en-IN" | "hi" | "bn");
        let mut out = String::new();
        for (i, digit) in digits.chars().enumerate() {
            let left = count - i;
            let boundary = if indian && left > 3 { (left - 3).is_multiple_of(2) } else { left.is_multiple_of(3) };
            if i > 0 && boundary {
                out.push_str(self.group);
            }
            out.push(digit);
        }
        out
    }

    fn digits(&self, n: u64) -> String {
        let zero = u32::from(self.zero);
        n.to_string().chars().filter_map(|d| char::from_u32(zero + d.to_digit(10)?)).collect()
    }
}

fn counts() -> impl Strategy<Value = u64> {
    prop_oneof![0_u64..20_000, 0_u64..2_000_000, 0_u64..1_000_000_000, 0_u64..30_000_000_000]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn what_a_site_shows_is_read_within_its_last_digit(n in counts(), which in 0..LOCALES.len()) {
        let locale = &LOCALES[which];
        let (shown, unit) = locale.show(n);
        let beside = format!("{shown} {}", locale.followers);
        let Some(read) = count_in(&beside) else { return Err(TestCaseError::fail(format!("{}: {beside:?} is not read", locale.tag))) };
        prop_assert!(read.value <= n && n - read.value < unit, "{}: {beside:?} is {n}, read as {}", locale.tag, read.value);
        prop_assert_eq!(read.unit, unit, "{}: {}", locale.tag, beside);
        prop_assert_eq!(read.precision == Precision::Exact, unit == 1);
        // Alone it is read the same, or not at all where another language would mean something else by it.
        let alone = count(&shown);
        prop_assert!(alone.is_none() || alone == Some(read), "{}: {shown:?} alone is {alone:?}", locale.tag);
        let doubtful = matches!(locale.tag, "tr" | "ca" | "is");
        prop_assert!(alone.is_some() || doubtful, "{}: {shown:?} alone is not read", locale.tag);
        prop_assert_eq!(labelled(&beside), vec![(CountLabel::Followers, read)]);
    }

    #[test]
    fn a_number_before_its_label_or_behind_it_is_the_same(n in counts(), which in 0..LOCALES.len()) {
        let locale = &LOCALES[which];
        let (shown, _) = locale.show(n);
        let before = count_in(&format!("{shown} {}", locale.followers));
        prop_assert_eq!(count_in(&format!("{}: {shown}", locale.followers)), before);
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}") {
        let _ = (count(&text), count_in(&text), label(&text), labelled(&text));
    }

    #[test]
    fn no_number_like_text_makes_it_panic(text in "[-+0-9.,' \u{A0}٫٬٣KMBmil万億천만ألفTs%:/]{0,40}") {
        if let Some(read) = count(&text) {
            prop_assert!(read.unit >= 1 && read.value <= 1_000_000_000_000_000);
        }
        let _ = (count_in(&text), labelled(&text));
    }
}

#[test]
fn the_word_for_followers_is_known_in_every_locale() {
    for locale in LOCALES {
        assert_eq!(label(locale.followers), Some(CountLabel::Followers), "{}", locale.tag);
    }
}
