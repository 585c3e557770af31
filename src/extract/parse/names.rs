//! Dates with a month's name: "May 15, 2024", "15. Mai 2024", "15 мая 2024 г.", "2024. május 15.", also inside a
//! sentence ("Photo by NAME on May 15, 2024."). A name that is another month in another language (listopad) is left out.

use std::sync::LazyLock;

use chrono::{DateTime, Datelike, Duration, Utc};

use super::date::midday;
use super::lexicon::Lexicon;

/// The twelve months, names and abbreviations, separated by `|`.
const MONTHS: &[(u32, &str)] = &[
    (
        1,
        "january|jan|januar|jän|jänner|janvier|janv|enero|ene|janeiro|gennaio|gen|januari|januára|január|januari|tammikuu|tammikuuta|stycznia|styczeń|sty|ledna|leden|led|ianuarie|ian",
    ),
    (
        1,
        "siječnja|siječanj|sij|janvāris|janv|sausio|sausis|saus|jaanuar|ocak|oca|tháng 1|thg 1|gener|января|январь|янв|січня|січень|січ|януари|ιανουαρίου|ιανουάριος|ιαν|يناير|کانون الثاني|ינואר|जनवरी|জানুয়ারি|ม.ค.|มกราคม|enero|ژانویه",
    ),
    (
        2,
        "february|feb|februar|février|févr|febrero|fevereiro|fev|febbraio|februari|februára|február|febr|helmikuu|helmikuuta|lutego|luty|lut|února|únor|úno|februarie",
    ),
    (
        2,
        "veljače|veljača|velj|februāris|vasario|vasaris|veebruar|veebr|şubat|şub|tháng 2|thg 2|febrer|февраля|февраль|фев|февр|лютого|лютий|лют|февруари|φεβρουαρίου|φεβ|فبراير|شباط|פברואר|फ़रवरी|ফেব্রুয়ারি|ก.พ.|กุมภาพันธ์|فوریه",
    ),
    (
        3,
        "march|mar|märz|mär|mrz|mars|marzo|março|maart|mrt|marts|marca|marzec|maaliskuu|maaliskuuta|března|březen|bře|március|márc|martie|ožujka|ožujak|ožu|kovo|kovas|märts|mart|tháng 3|thg 3|març",
    ),
    (3, "марта|март|мар|березня|березень|бер|μαρτίου|μάρτιος|μαρ|مارس|آذار|מרץ|मार्च|মার্চ|มี.ค.|มีนาคม"),
    (
        4,
        "april|apr|avril|avr|abril|abr|aprile|aprill|aprila|apríla|április|ápr|aprilie|huhtikuu|huhtikuuta|kwietnia|kwiecień|kwi|dubna|duben|dub|travnja|travanj|aprīlis|balandžio|nisan|nis|tháng 4|thg 4",
    ),
    (
        4,
        "апреля|апрель|апр|квітня|квітень|квіт|кві|април|απριλίου|απρίλιος|απρ|أبريل|نيسان|אפריל|अप्रैल|এপ্রিল|เม.ย.|เมษายน|آوریل",
    ),
    (
        5,
        "may|mai|mayo|maio|maggio|mag|mei|maj|maja|mája|máj|május|máj|toukokuu|toukokuuta|května|květen|kvě|svibnja|svibanj|maijs|gegužės|gegužė|mayıs|tháng 5|thg 5|maig",
    ),
    (5, "мая|май|травня|травень|трав|мај|μαΐου|μαϊου|μάιος|μαΐ|مايو|أيار|מאי|मई|মে|พ.ค.|พฤษภาคม|مه"),
    (
        6,
        "june|jun|juni|juin|junio|junho|giugno|giu|giugno|júna|jún|június|iunie|iun|kesäkuu|kesäkuuta|czerwca|czerwiec|cze|června|červen|lipnja|lipanj|jūnijs|birželio|juuni|haziran|haz|tháng 6|thg 6|juny",
    ),
    (6, "июня|июнь|июн|червня|червень|черв|юни|јун|ιουνίου|ιούνιος|ιουν|يونيو|حزيران|יוני|जून|জুন|มิ.ย.|มิถุนายน|ژوئن"),
    (
        7,
        "july|jul|juli|juillet|juil|julio|julho|luglio|lug|júla|júl|július|iulie|iul|heinäkuu|heinäkuuta|lipca|lipiec|července|červenec|srpnja|srpanj|jūlijs|liepos|juuli|temmuz|tem|tháng 7|thg 7|juliol",
    ),
    (7, "июля|июль|июл|липня|липень|юли|јул|ιουλίου|ιούλιος|ιουλ|يوليو|تموز|יולי|जुलाई|জুলাই|ก.ค.|กรกฎาคม|ژوئیه"),
    (
        8,
        "august|aug|août|agosto|ago|augustus|augusta|augusztus|elokuu|elokuuta|sierpnia|sierpień|sie|srpna|srpen|kolovoza|kolovoz|augusts|rugpjūčio|ağustos|ağu|tháng 8|thg 8|agost|augusti",
    ),
    (8, "августа|август|авг|серпня|серпень|серп|αυγούστου|αύγουστος|αυγ|أغسطس|آب|אוגוסט|अगस्त|আগস্ট|ส.ค.|สิงหาคม|اوت"),
    (
        9,
        "september|sep|sept|septembre|septiembre|setembro|set|settembre|septembra|szeptember|szept|septembrie|syyskuu|syyskuuta|września|wrzesień|wrz|září|zář|rujna|rujan|septembris|rugsėjo|eylül|eyl|tháng 9|thg 9|setembre",
    ),
    (
        9,
        "сентября|сентябрь|сен|сент|вересня|вересень|вер|септември|септембар|σεπτεμβρίου|σεπτέμβριος|σεπ|سبتمبر|أيلول|ספטמבר|सितंबर|সেপ্টেম্বর|ก.ย.|กันยายน|سپتامبر",
    ),
    (
        10,
        "october|oct|oktober|okt|octobre|octubre|outubro|out|ottobre|ott|októbra|október|octombrie|lokakuu|lokakuuta|października|październik|paź|října|říjen|říj|oktobris|spalio|oktoober|ekim|eki|tháng 10|thg 10",
    ),
    (
        10,
        "октября|октябрь|окт|жовтня|жовтень|жовт|октомври|октобар|οκτωβρίου|οκτώβριος|οκτ|أكتوبر|تشرين الأول|אוקטובר|अक्टूबर|অক্টোবর|ต.ค.|ตุลาคม|اکتبر",
    ),
    (
        11,
        "november|nov|novembre|noviembre|novembro|novembra|noiembrie|marraskuu|marraskuuta|listopadu|studenoga|studeni|novembris|lapkričio|kasım|kas|tháng 11|thg 11",
    ),
    (
        11,
        "ноября|ноябрь|ноя|нояб|листопада|листопад|лист|ноември|новембар|νοεμβρίου|νοέμβριος|νοε|نوفمبر|تشرين الثاني|נובמבר|नवंबर|নভেম্বর|พ.ย.|พฤศจิกายน|نوامبر",
    ),
    (
        12,
        "december|dec|dezember|dez|décembre|déc|diciembre|dic|dezembro|dicembre|desember|des|decembra|decembrie|joulukuu|joulukuuta|grudnia|grudzień|gru|prosince|prosinec|pro|prosinca|prosinac|decembris|gruodžio|detsember|aralık|ara|tháng 12|thg 12|desembre|desembre",
    ),
    (
        12,
        "декабря|декабрь|дек|грудня|грудень|груд|декември|децембар|δεκεμβρίου|δεκέμβριος|δεκ|ديسمبر|كانون الأول|דצמבר|दिसंबर|ডিসেম্বর|ธ.ค.|ธันวาคม|دسامبر",
    ),
];

/// Thailand counts years from the Buddha: 543 more.
const BUDDHIST_OFFSET: i32 = 543;
/// A text without a year is a date only if it is hardly more than one.
const LONGEST_WITHOUT_YEAR: usize = 32;

/// A day's noon lies at most 26 hours after the day has begun in the easternmost time zone: a day and this much.
pub(super) const EARLY: Duration = Duration::hours(2);

static NAMES: LazyLock<Lexicon<u32>> = LazyLock::new(|| Lexicon::new(MONTHS));

/// The one written date of the text, at noon; none where it has none or several.
pub(super) fn written(text: &[char], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let months = NAMES.all(text);
    let full = only(months.iter().filter_map(|(month, start, end)| with_year(text, *month, *start, *end)));
    if full.is_some() || text.len() > LONGEST_WITHOUT_YEAR {
        return full;
    }
    let [(month, start, end)] = months.as_slice() else { return None };
    let day = match (number_before(text, *start), number_after(text, *end)) {
        (Some((day, 0)), None) | (None, Some((day, _))) => day,
        _ => return None,
    };
    latest(*month, u32::try_from(day).ok()?, now)
}

/// The most recent day with this month and day, tomorrow included: sites leave out the year of this year's posts.
pub(super) fn latest(month: u32, day: u32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let latest = now + Duration::days(1) + EARLY;
    let years = [now.year() + 1, now.year(), now.year() - 1];
    years.into_iter().filter_map(|year| midday(year, month, day)).find(|t| *t <= latest)
}

fn with_year(text: &[char], month: u32, start: usize, end: usize) -> Option<DateTime<Utc>> {
    let before = number_before(text, start);
    let after = number_after(text, end);
    let later = after.and_then(|(_, end)| number_after(text, end));
    let (year, day) = match (before, after, later) {
        (Some((year, _)), Some((day, _)), _) if is_year(year) && is_day(day) => (year, day),
        (Some((day, _)), Some((year, _)), _) if is_year(year) && is_day(day) => (year, day),
        (None, Some((day, _)), Some((year, _))) if is_year(year) && is_day(day) => (year, day),
        _ => return None,
    };
    let year = if year > 2400 { year - BUDDHIST_OFFSET } else { year };
    midday(year, month, u32::try_from(day).ok()?)
}

fn is_year(n: i32) -> bool {
    (1900..2700).contains(&n)
}

fn is_day(n: i32) -> bool {
    (1..=31).contains(&n)
}

/// The number that ends shortly before `start`, and where it begins.
fn number_before(text: &[char], start: usize) -> Option<(i32, usize)> {
    let last = (0..start).rev().take(6).find(|i| text[*i].is_ascii_digit())?;
    if !gap(&text[last + 1..start]) {
        return None;
    }
    let first = (0..=last).rev().take_while(|i| text[*i].is_ascii_digit()).last()?;
    Some((short(&text[first..=last])?, first))
}

/// The number that begins shortly behind `end`, and where it ends.
fn number_after(text: &[char], end: usize) -> Option<(i32, usize)> {
    let first = (end..text.len()).take(6).find(|i| text[*i].is_ascii_digit())?;
    if !gap(&text[end..first]) {
        return None;
    }
    let length = text[first..].iter().take_while(|c| c.is_ascii_digit()).count();
    // "10:30" behind a date is its time of day, not its year.
    if text.get(first + length) == Some(&':') {
        return None;
    }
    Some((short(&text[first..first + length])?, first + length))
}

fn short(digits: &[char]) -> Option<i32> {
    if digits.len() > 4 { None } else { digits.iter().collect::<String>().parse().ok() }
}

/// What may stand between the parts of a date: spaces, points, commas, ordinal endings, "de", "of".
fn gap(between: &[char]) -> bool {
    let word: String = between.iter().filter(|c| c.is_alphabetic()).collect::<String>().to_lowercase();
    let small = matches!(
        word.as_str(),
        "" | "de" | "del" | "of" | "st" | "nd" | "rd" | "th" | "er" | "d" | "m" | "г" | "р" | "năm" | "ngày"
    );
    small && between.iter().all(|c| c.is_alphabetic() || matches!(c, ' ' | '\u{A0}' | '.' | ',' | 'º' | '-' | '/'))
}

fn only<T: PartialEq>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_month_has_two_meanings() {
        assert_eq!(NAMES.contradictions(), Vec::<String>::new());
    }
}
