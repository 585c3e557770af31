//! Times relative to now: "3d ago", "2 h", "vor 3 Tagen", "hace 2 días", "3日前", "yesterday". Every word of the text must
//! be known, so that no caption that happens to say "3 days" becomes a time. Letters that are different spans in
//! different languages (the Dutch hour and the Danish week are both "u") are left out.

use std::sync::LazyLock;

use chrono::{DateTime, Duration, Utc};

use super::lexicon::Lexicon;

const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
const WEEK: i64 = 7 * DAY;
const MONTH: i64 = 2_629_746;
const YEAR: i64 = 31_556_952;

/// A known word's part in such a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// A span of so many seconds, to be multiplied.
    Span(i64),
    /// A whole phrase: so many seconds ago.
    Ago(i64),
    /// One, written out.
    One,
    /// An English one, a French year.
    An,
    /// "ago" and the like.
    Filler,
}

use Word::{Ago, An, Filler, One, Span};

/// The words; those of East Asia carry their "ago" with them, because 3日 alone is a day of the month.
const WORDS: &[(Word, &str)] = &[
    (
        Span(1),
        "s|sec|secs|second|seconds|sek|sekunde|sekunden|seconde|secondes|seg|segundo|segundos|secondo|secondi|seconden|sekund|sekunder|sekuntia|sekunty|sekundy|sekund|vteřin",
    ),
    (
        Span(1),
        "saniye|sn|detik|giây|сек|секунд|секунды|секунду|δευτερόλεπτα|ثانية|ثوان|ثواني|שניות|सेकंड|সেকেন্ড|วินาที|秒前|秒钟前|秒鐘前|초 전|초전|ثانیه",
    ),
    (
        Span(MINUTE),
        "m|min|mins|minute|minutes|minuten|minuto|minutos|minuti|minuut|minuter|minutter|minuuttia|minuty|minut|minutami|minutą|minutę|perc|percce|percekkel|dk|dakika",
    ),
    (
        Span(MINUTE),
        "menit|phút|мин|минут|минуты|минуту|хв|хвилин|хвилини|хвилину|λεπτά|λεπτό|دقيقة|دقائق|دقيقه|דקות|דקה|मिनट|মিনিট|นาที|分前|分钟前|分鐘前|분 전|분전|دقیقه",
    ),
    (
        Span(HOUR),
        "h|hr|hrs|hour|hours|std|stunde|stunden|heure|heures|hora|horas|ora|ore|uur|timer|time|timmar|timme|tim|tuntia|tunti|godz|godziny|godzin|godzinę|hod|hodin|hodinami",
    ),
    (
        Span(HOUR),
        "hodinou|órája|óra|órával|sa|saat|jam|giờ|ч|час|часа|часов|годин|години|годину|ώρες|ώρα|ساعة|ساعات|ساعه|שעות|שעה|घंटे|घंटा|ঘণ্টা|ชั่วโมง|ชม|時間前|小时前|小時前|个小时前|個小時前|시간 전|시간전|ساعت",
    ),
    (
        Span(DAY),
        "d|day|days|tag|tage|tagen|tg|j|jour|jours|día|días|dia|dias|giorno|giorni|gg|dag|dagen|dage|dager|dagar|päivää|päivä|pv|dni|dzień|dzien|den|dny|dnem|dňami|nap|napja|nappal|zi|zile|dana",
    ),
    (
        Span(DAY),
        "gün|hari|ngày|д|дн|день|дня|дней|дні|днів|ημέρες|ημέρα|μέρες|يوم|أيام|ايام|ימים|יום|दिन|দিন|วัน|日前|天前|일 전|일전|روز",
    ),
    (
        Span(WEEK),
        "w|wk|wks|week|weeks|wo|woche|wochen|sem|semaine|semaines|semana|semanas|settimana|settimane|sett|weken|uge|uger|uke|uker|vecka|veckor|v|viikkoa|viikko|tyg|tydzień|tygodnie|tygodni",
    ),
    (
        Span(WEEK),
        "týden|týdny|týdnů|týdnem|hét|hete|héttel|săptămână|săptămâni|tjedan|tjedna|hf|hafta|minggu|tuần|нед|неделя|неделю|недели|недель|тиж|тиждень|тижні|тижнів|εβδομάδες|εβδομάδα|أسبوع|أسابيع|שבועות|שבוע",
    ),
    (Span(WEEK), "सप्ताह|हफ़्ते|हफ़्ता|সপ্তাহ|สัปดาห์|週間前|周前|週前|个星期前|個星期前|星期前|주 전|주전|هفته"),
    (
        Span(MONTH),
        "mo|mos|month|months|monat|monate|monaten|mon|mois|mes|meses|mese|mesi|mês|maand|maanden|mnd|måned|måneder|månad|månader|mån|kuukautta|kk|miesiąc|miesiące|miesięcy|mies|měsíc|měsíce|měsíců|hónap|hónapja|hónappal|lună|luni",
    ),
    (
        Span(MONTH),
        "ay|bulan|bln|tháng|мес|месяц|месяца|месяцев|міс|місяць|місяці|місяців|μήνες|μήνα|شهر|أشهر|شهور|חודשים|חודש|महीने|महीना|মাস|เดือน|か月前|ヶ月前|カ月前|ヵ月前|个月前|個月前|개월 전|개월전|달 전|ماه",
    ),
    (
        Span(YEAR),
        "y|yr|yrs|year|years|jahr|jahre|jahren|ans|année|années|año|años|ano|anos|anno|anni|jaar|jaren|år|vuotta|vuosi|rok|lata|lat|roky|let|év|éve|évvel|ani",
    ),
    (
        Span(YEAR),
        "yıl|tahun|thn|năm|лет|года|рік|роки|років|χρόνια|χρόνος|έτη|سنة|سنوات|سنين|שנים|שנה|साल|वर्ष|বছর|ปี|年前|년 전|년전|سال",
    ),
    (
        Ago(0),
        "now|just now|right now|jetzt|gerade eben|maintenant|à l'instant|ahora|ahora mismo|agora|agora mesmo|adesso|nu|şimdi|az önce|baru saja|vừa xong|только что|щойно|teraz|przed chwilą",
    ),
    (
        Ago(0),
        "الآن|अभी|たった今|刚刚|剛剛|방금|방금 전|เมื่อสักครู่|today|heute|aujourd'hui|hoy|hoje|oggi|vandaag|i dag|idag|bugün|hari ini|сегодня|сьогодні|dzisiaj|اليوم|आज|今日|今天|오늘|วันนี้",
    ),
    (
        Ago(DAY),
        "yesterday|gestern|hier|ayer|ontem|ieri|gisteren|i går|igår|eilen|wczoraj|včera|tegnap|ieri|jučer|dün|kemarin|hôm qua|вчера|вчора|χθες|أمس|אתמול|कल पहले|昨日|昨天|어제|เมื่อวาน|เมื่อวานนี้|دیروز",
    ),
    (
        Ago(2 * DAY),
        "vorgestern|avant-hier|anteayer|anteontem|l'altro ieri|eergisteren|przedwczoraj|předevčírem|позавчера|منذ يومين|לפני יומיים|一昨日|前天|그저께",
    ),
    (Ago(2 * HOUR), "منذ ساعتين|לפני שעתיים"),
    (Ago(2 * WEEK), "منذ أسبوعين|לפני שבועיים"),
    (Ago(2 * MONTH), "منذ شهرين|לפני חודשיים"),
    (Ago(2 * YEAR), "منذ سنتين|منذ عامين|לפני שנתיים"),
    (An, "an"),
    (One, "a|one|ein|eine|einem|einer|un|une|una|uno|um|uma|een|en|ett|et|egy|bir|einen|jeden|jednym"),
    (
        Filler,
        "ago|vor|il y a|hace|há|atrás|fa|geleden|siden|for|för|sedan|sitten|temu|przed|před|pred|ezelőtt|acum|prije|pre|önce|lalu|yang lalu|trước|cách đây|назад|тому|преди|πριν|منذ|قبل|לפני|पहले|আগে|ที่แล้ว|ที่ผ่านมา|前|전|پیش|about|circa|ca",
    ),
];

static KNOWN: LazyLock<Lexicon<Word>> = LazyLock::new(|| Lexicon::new(WORDS));

/// A time so long ago; none where the text is nothing of the kind.
pub(super) fn ago(text: &[char], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if text.is_empty() || text.len() > 60 {
        return None;
    }
    let (mut number, mut span, mut whole) = (None, None, None);
    let mut at = 0;
    while at < text.len() {
        if matches!(text[at], ' ' | '\u{A0}' | '.' | '(' | ')' | '·' | '•') {
            at += 1;
            continue;
        }
        if text[at].is_ascii_digit() {
            let digits: String = text[at..].iter().take_while(|c| c.is_ascii_digit()).collect();
            at += digits.len();
            if number.is_some() || digits.len() > 4 {
                return None;
            }
            number = Some(digits.parse::<i64>().ok()?);
            continue;
        }
        let (word, end) = KNOWN.at(text, at)?;
        match word {
            Span(seconds) if span.is_none() => span = Some(seconds),
            Ago(seconds) if whole.is_none() => whole = Some(seconds),
            One | An if number.is_none() => number = Some(1),
            An if span.is_none() => span = Some(YEAR),
            Filler => {}
            Span(_) | Ago(_) | One | An => return None,
        }
        at = end;
    }
    let seconds = match (number, span, whole) {
        (None, None, Some(seconds)) => seconds,
        (Some(n), Some(seconds), None) => n.checked_mul(seconds)?,
        _ => return None,
    };
    now.checked_sub_signed(Duration::try_seconds(seconds)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_has_two_meanings() {
        assert_eq!(KNOWN.contradictions(), Vec::<String>::new());
    }
}
