//! The units that sites abbreviate counts with, and how much each stands for. Most mean one amount wherever they are
//! used; the few that do not ([`Doubt`]) need the number's decimal mark or the language of the label beside it.

use std::sync::LazyLock;

use super::lexicon::Lexicon;
use super::normal::TIGHT_SPACE;
use super::number::Fraction;

/// A unit as it stands behind a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    /// How much it stands for, or why that is open.
    pub(super) amount: Amount,
    /// Its languages' decimal mark.
    pub(super) fraction: Fraction,
    /// Where it ends, its abbreviation point included.
    pub(super) end: usize,
}

/// How much a unit stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Amount {
    /// One amount in every language.
    Sure(u64),
    /// Different amounts by language.
    Open(Doubt),
}

/// A unit with several meanings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// An English billion, a Turkish thousand (bin). True where a space stands before it, as in Turkish.
    B(bool),
    /// A million, an Indonesian billion (miliar).
    M,
    /// A million, a Catalan thousand (milers). True where a space stands before it.
    SmallM(bool),
    /// A Spanish and Portuguese thousand; with its point a Czech, Slovak, Romanian, Croatian million. True with the point.
    Mil(bool),
    /// A Nordic thousand in lower case, which is written with a decimal comma.
    CommaThousand,
    /// Internet Chinese for 万: after a decimal point only, for "12w" may be twelve weeks.
    W,
}

/// The language of a text as far as it matters here, told by the labels in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tongue {
    /// No label, or one that several languages share.
    Unknown,
    /// Turkish.
    Turkish,
    /// Indonesian or Malay.
    Malay,
    /// Spanish, Portuguese or Galician.
    Iberian,
    /// Catalan.
    Catalan,
    /// Any other.
    Other,
}

const K: u64 = 1_000;
const MAN: u64 = 10_000;
const LAKH: u64 = 100_000;
const M: u64 = 1_000_000;
const CRORE: u64 = 10_000_000;
const OKU: u64 = 100_000_000;
const G: u64 = 1_000_000_000;

/// Units of languages with either decimal mark, or with a comma.
const EITHER: &[(u64, &str)] = &[
    (
        K,
        "k|thousand|tsd|mille|mila|mii|tys|tis|tisíc|hilj|tuh|tuhat|ezer|tūkst|tūkstantis|duizend|dzd|tn|tusen|tusind|þús|bin|mijë|rb|ribu",
    ),
    (
        K,
        "к|тыс|тысяч|тысячи|тис|тисяч|хил|хиляди|хиљ|илј|мың|миң|мянга|հզր|հազ|ათ|χιλ|χιλιάδες|nghìn|ngàn|alaf|elfu|ming",
    ),
    (K, "ألف|آلاف|الف|هزار|ہزار|ሺ|אלף|אלפים"),
    (
        M,
        "mio|mln|mill|mn|mi|milj|mlj|milhão|milhões|millón|millones|million|millions|millionen|milione|milioni|milion|miljoner",
    ),
    (
        M,
        "milioane|milionů|milióny|milyon|milijun|milijuna|milijon|triệu|tr|jt|juta|millió|εκ|εκατ|εκατομμύρια|млн|миллион|миллиона|миллионов",
    ),
    (
        M,
        "мільйон|мільйона|мільйонів|мил|милион|милиона|милиони|милиона|сая|մլն|მლნ|مليون|ملايين|مليونا|میلیون|ملین|מיליון|מיל|ሚሊዮን|milión|mln de",
    ),
    (
        G,
        "mrd|mld|mlrd|mdr|mia|ma|bn|bi|md|billion|billions|milliard|milliards|milliarden|miliardo|miliardi|miliard|miliarde|mljrd|mlr|mr|milyar",
    ),
    (
        G,
        "bilhão|bilhões|mil m|mil miloneshões|tỷ|tỉ|miliar|δισ|δισεκατομμύρια|млрд|миллиард|миллиарда|миллиардов|мільярд|мільярда",
    ),
    (
        G,
        "մլրդ|მლრდ|мільярдів|милијарди|милиард|милиарда|тэрбум|մլրդ|მლრდ|مليار|مليارات|میلیارد|מיליארד|ቢሊዮን|milliárd|miljardi|miljarder|miljard",
    ),
];

/// Units of languages that write fractions with a point and group with commas.
const POINT: &[(u64, &str)] = &[
    (K, "千|천|พัน|हज़ार|हजार|ह|হাজার|হা|હજાર|ਹਜ਼ਾਰ|ஆயிரம்|ஆ|వేలు|వేల|వే|ಸಾವಿರ|ಸಾ|ആയിരം|ພັນ|ពាន់"),
    (MAN, "万|萬|만|หมื่น|ໝື່ນ|ម៉ឺន"),
    (LAKH, "lakh|lakhs|lac|l|लाख|লাখ|লা|લાખ|ਲੱਖ|லட்சம்|లక్ష|లక్షలు|ಲಕ್ಷ|ലക്ഷം|لاکھ|แสน|ແສນ|សែន"),
    (M, "ล้าน|மி|మి|ಮಿ|দশলক্ষ|ລ້ານ|លាន|百万|百萬|백만"),
    (CRORE, "crore|crores|cr|करोड़|करोड|कोटी|क॰|কোটি|কো|કરોડ|ਕਰੋੜ|கோடி|కోటి|కోట్లు|ಕೋಟಿ|കോടി|کروڑ|千万|千萬|천만"),
    (OKU, "億|亿|억"),
    (G, "พันล้าน|अरब|अ॰|अब्ज|અબજ|ਅਰਬ|பி|బి|ಬಿ|十億|十亿|십억|ارب"),
];

static UNITS: LazyLock<Lexicon<(u64, Fraction)>> = LazyLock::new(|| {
    let either = EITHER.iter().map(|(n, words)| ((*n, Fraction::Either), *words));
    let point = POINT.iter().map(|(n, words)| ((*n, Fraction::Point), *words));
    Lexicon::new(&either.chain(point).collect::<Vec<_>>())
});

static DOUBTS: LazyLock<Lexicon<()>> = LazyLock::new(|| Lexicon::new(&[((), "b|m|mil|t|n|e|w")]));

/// The unit behind a number that ends at `end`, with at most one space between.
pub(super) fn behind(text: &[char], end: usize) -> Option<Unit> {
    let spaced = text.get(end).is_some_and(|c| *c == ' ' || *c == TIGHT_SPACE);
    let at = end + usize::from(spaced);
    let sure = UNITS.at(text, at).map(|((n, fraction), end)| (Amount::Sure(n), fraction, end));
    let (amount, fraction, end) = sure.or_else(|| open(text, at, spaced))?;
    let dotted = text.get(end) == Some(&'.') && !text.get(end + 1).is_some_and(char::is_ascii_digit);
    let amount = match amount {
        Amount::Open(Doubt::Mil(_)) => Amount::Open(Doubt::Mil(dotted)),
        Amount::Sure(_) | Amount::Open(_) => amount,
    };
    Some(Unit { amount, fraction, end: end + usize::from(dotted) })
}

fn open(text: &[char], at: usize, spaced: bool) -> Option<(Amount, Fraction, usize)> {
    let ((), end) = DOUBTS.at(text, at)?;
    let doubt = match (text[at], end - at) {
        (_, 3) => Doubt::Mil(false),
        ('b' | 'B', _) => Doubt::B(spaced),
        ('M', _) => Doubt::M,
        ('m', _) => Doubt::SmallM(spaced),
        ('t' | 'N' | 'E', _) => Doubt::CommaThousand,
        ('w' | 'W', _) => Doubt::W,
        _ => return None,
    };
    Some((Amount::Open(doubt), Fraction::Either, end))
}

/// What an open unit stands for beside this decimal mark and in this language; none where that stays open.
pub(super) fn settle(doubt: Doubt, mark: Option<char>, tongue: Tongue) -> Option<u64> {
    let comma = mark == Some(',');
    let point = mark == Some('.');
    match (doubt, tongue) {
        (Doubt::B(_), Tongue::Turkish) => (!point).then_some(K),
        (Doubt::B(spaced), Tongue::Unknown) => (point || (!comma && !spaced)).then_some(G),
        (Doubt::B(_), _) => (!comma).then_some(G),
        (Doubt::M, Tongue::Malay) => point.then_some(M),
        (Doubt::M, _) => Some(M),
        (Doubt::SmallM(_), Tongue::Catalan) => (!point).then_some(K),
        (Doubt::SmallM(_), Tongue::Malay) => point.then_some(M),
        (Doubt::SmallM(spaced), Tongue::Unknown) => (point || (!comma && !spaced)).then_some(M),
        (Doubt::SmallM(_), _) => Some(M),
        (Doubt::Mil(false), Tongue::Unknown | Tongue::Iberian | Tongue::Catalan) => Some(K),
        (Doubt::Mil(true), Tongue::Unknown | Tongue::Other) => Some(M),
        (Doubt::Mil(_), _) => None,
        (Doubt::CommaThousand, _) => (!point).then_some(K),
        (Doubt::W, _) => point.then_some(MAN),
    }
}

/// The East Asian units, which may follow each other in one number: 1億2345万.
pub(super) fn is_myriad(factor: u64, text: &[char], unit: &Unit) -> bool {
    matches!(factor, MAN | OKU | K)
        && unit.end.checked_sub(1).and_then(|i| text.get(i)).is_some_and(|c| "万萬만億亿억千천".contains(*c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_unit_stands_for_two_amounts() {
        assert_eq!(UNITS.contradictions(), Vec::<String>::new());
    }
}
