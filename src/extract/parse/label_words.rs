//! The words for what sites count, as they stand beside numbers. A word is here only if it means one thing in every
//! language that has it.

use super::label::CountLabel::{self, Comments, Followers, Following, Likes, Posts, Shares, Views};
use super::unit::Tongue;

/// Labels by meaning, words separated by `|`.
pub(super) const WORDS: &[(CountLabel, &str)] = &[
    // Latin script.
    (
        Followers,
        "follower|followers|abonné|abonnés|abonnée|abonnées|abonnent|abonnenten|abonnent:innen|seguidor|seguidores|seguidora|seguidors",
    ),
    (
        Followers,
        "seguace|seguaci|volger|volgers|følger|følgere|följare|seuraaja|seuraajaa|seuraajat|fylgjandi|fylgjendur|jälgija|jälgijat|jälgijad",
    ),
    (
        Followers,
        "obserwujący|obserwujących|sledující|sledujících|sledovatelia|sledovateľov|sledovateľ|követő|követők|urmăritor|urmăritori|de urmăritori",
    ),
    (
        Followers,
        "pratitelj|pratitelja|pratitelji|pratilac|pratilaca|pratioci|sledilec|sledilci|sledilcev|sekotājs|sekotāji|sekotāju|sekėjas|sekėjai|sekėjų",
    ),
    (
        Followers,
        "takipçi|takipçiler|pengikut|người theo dõi|mga tagasubaybay|tagasubaybay|wafuasi|ndjekës|jarraitzaile|jarraitzaileak|izləyici|obunachilar",
    ),
    (
        Following,
        "following|abonnement|abonnements|suivi|suivis|suivi(e)s|suivi(s)|suivies|gefolgt|folge ich|abonniert|seguiti|seguidos|siguiendo|seguint",
    ),
    (
        Following,
        "seguindo|a seguir|seguits|volgend|aan het volgen|følger du|följer|seurataan|seurattavat|seuratut|seurannassa|obserwowani|obserwowanych|obserwuje",
    ),
    (
        Following,
        "sleduje|sleduji|sledované|sledovaní|sledujem|követés|követett|követi|urmăriri|urmărește|praćenja|seka|sekama|jälgib|jälgitavad",
    ),
    (
        Following,
        "takip|takip ediliyor|takip edilen|mengikuti|đang theo dõi|sinusundan|anafuata|ndjek|jarraitzen|izlənilir",
    ),
    (
        Likes,
        "like|likes|j'aime|mentions j'aime|gefällt mir|gefällt-mir-angaben|me gusta|curtida|curtidas|gostos|m'agrada|mi piace|vind-ik-leuks|liker",
    ),
    (
        Likes,
        "synes godt om|gilla-markeringar|gillningar|tykkäys|tykkäystä|tykkäykset|polubienie|polubienia|polubień|to se mi líbí|páči sa mi to|kedvelés|kedvelések",
    ),
    (
        Likes,
        "aprecieri|de aprecieri|lajk|lajkova|sviđanja|oznaka sviđa mi se|všečki|všečkov|patīk|patinka|meeldimist|beğeni|suka|disukai|lượt thích|thích|mga like|pagkagusto",
    ),
    (
        Posts,
        "post|posts|publication|publications|beitrag|beiträge|beiträgen|publicación|publicaciones|publicação|publicações|publicacions|publicació|pubblicazioni",
    ),
    (
        Posts,
        "bericht|berichten|opslag|innlegg|inlägg|julkaisu|julkaisua|julkaisut|færsla|færslur|postitus|postitust|postitused|posty|postów|příspěvek|příspěvky|příspěvků",
    ),
    (
        Posts,
        "príspevok|príspevky|príspevkov|bejegyzés|bejegyzések|postare|postări|de postări|objava|objave|objav|ieraksts|ieraksti|ierakstu|įrašas|įrašai|įrašų",
    ),
    (
        Posts,
        "gönderi|gönderiler|postingan|kiriman|siaran|bài viết|mga post|machapisho|postime|argitalpen|video|videos|videot|vidéos|vídeos|wideo|videa",
    ),
    (
        Views,
        "view|views|plays|vue|vues|aufrufe|aufruf|wiedergaben|visualización|visualizaciones|reproducción|reproducciones|visualização|visualizações",
    ),
    (
        Views,
        "visualizzazioni|visualizzazione|weergave|weergaven|visninger|visning|visningar|näyttökerta|näyttökertaa|wyświetlenia|wyświetleń|wyświetlenie|zhlédnutí",
    ),
    (
        Views,
        "zhliadnutí|megtekintés|vizualizări|de vizualizări|pregleda|prikaza|ogledov|skatījumi|skatījumu|peržiūros|peržiūrų|vaatamist|görüntülenme|izlenme|penayangan",
    ),
    (Views, "tayangan|ditonton|tontonan|lượt xem|mga view|panonood"),
    (
        Comments,
        "comment|comments|commentaire|commentaires|kommentar|kommentare|kommentarer|comentario|comentarios|comentário|comentários|comentaris|commento|commenti",
    ),
    (
        Comments,
        "reactie|reacties|opmerkingen|kommentti|kommenttia|kommentit|komentarz|komentarze|komentarzy|komentář|komentáře|komentářů|komentár|komentáre|komentárov",
    ),
    (
        Comments,
        "hozzászólás|hozzászólások|comentariu|comentarii|de comentarii|komentar|komentari|komentara|komentarji|komentāri|komentāru|komentarai|komentarų|kommentaari",
    ),
    (Comments, "yorum|yorumlar|bình luận|mga komento|komento"),
    (
        Shares,
        "share|shares|partage|partages|geteilt|mal geteilt|compartidos|veces compartido|compartilhamento|compartilhamentos|partilhas|condivisioni|condivisione",
    ),
    (
        Shares,
        "gedeeld|delinger|delningar|jakoa|udostępnienia|udostępnień|sdílení|zdieľaní|megosztás|distribuiri|de distribuiri|dijeljenja|delitve|paylaşım|dibagikan",
    ),
    (Shares, "perkongsian|lượt chia sẻ|chia sẻ|mga share"),
    // Cyrillic, Greek, Armenian, Georgian.
    (
        Followers,
        "подписчик|подписчика|подписчики|подписчиков|підписник|підписники|підписників|читач|читачі|читачів|стежать|последовател|последователи|пратилац|пратилаца",
    ),
    (
        Followers,
        "пратиоци|следбеник|следбеници|падпісчык|падпісчыкаў|жазылушы|жазылушылар|дагагч|ακόλουθος|ακόλουθοι|ακόλουθους|հետևորդ|հետևորդներ|გამომწერი|გამომწერები",
    ),
    (
        Following,
        "подписки|подписок|подписка|подписан|подписаны|відстежуються|стежить|стежу|підписки|підписок|следвани|следва|последвани|праћења|ακολουθεί|ακολουθείτε",
    ),
    (Following, "ακολουθούν|падпіскі|жазылымдар|дагаж байгаа|հետևում է|გამოწერილი"),
    (
        Likes,
        "отметка нравится|отметки нравится|отметок нравится|нравится|лайк|лайка|лайки|лайков|вподобання|вподобань|уподобання|уподобань|лайків|харесвания|харесване",
    ),
    (Likes, "свиђања|допаѓања|μου αρέσει|μου αρέσουν|հավանում|მოწონება"),
    (
        Posts,
        "публикация|публикации|публикаций|пост|поста|посты|постов|видео|публікація|публікації|публікацій|дописи|дописів|допис|публикациите|објава|објаве|објави",
    ),
    (Posts, "жазба|нийтлэл|δημοσίευση|δημοσιεύσεις|δημοσιεύματα|գրառում|պոստ|პოსტი|პუბლიკაცია"),
    (
        Views,
        "просмотр|просмотра|просмотры|просмотров|перегляд|перегляди|переглядів|показвания|гледания|прегледа|προβολή|προβολές|დათვალიერება|ნახვა|դիտում",
    ),
    (
        Comments,
        "комментарий|комментария|комментарии|комментариев|коментар|коментара|коментари|коментарі|коментарів|σχόλιο|σχόλια|մեկնաբանություն|კომენტარი",
    ),
    (
        Shares,
        "репост|репоста|репосты|репостов|поделились|поширення|поширень|споделяния|дељења|κοινοποίηση|κοινοποιήσεις",
    ),
    // Arabic script, Hebrew, Amharic.
    (
        Followers,
        "متابع|متابعين|متابعون|متابعًا|المتابعون|متابِعًا|متابعاً|دنبال‌کننده|دنبال کننده|دنبال‌کنندگان|فالوور|فالورز|پیروکار|فالوورز|עוקב|עוקבים|ተከታዮች",
    ),
    (
        Following,
        "يتابع|يتابعهم|تتابعهم|أتابعهم|دنبال شونده|دنبال‌شونده|دنبال می‌کند|دنبال‌شوندگان|فالونگ|פולואינג|במעקב|עוקב אחרי|עוקב/ת|נעקבים",
    ),
    (
        Likes,
        "إعجاب|إعجابات|تسجيل إعجاب|تسجيلات الإعجاب|تسجيلات إعجاب|پسند|لایک|پسندیدن|پسندیدگیاں|לייק|לייקים|סימוני לייק|סימוני אהבתי|מועדפים",
    ),
    (Posts, "منشور|منشورات|منشورًا|المنشورات|فيديو|فيديوهات|پست|پست‌ها|پوسٹ|پوسٹس|פוסט|פוסטים|פרסומים|סרטונים"),
    (Views, "مشاهدة|مشاهدات|بازدید|نمایش|ملاحظات|צפיות|צפייה"),
    (Comments, "تعليق|تعليقات|تعليقًا|نظر|دیدگاه|کمنٹ|تبصرے|תגובה|תגובות"),
    (Shares, "مشاركة|مشاركات|اشتراک‌گذاری|شیئر|שיתופים|שיתוף"),
    // South Asia.
    (
        Followers,
        "फ़ॉलोअर|फ़ॉलोअर्स|फॉलोअर|फॉलोअर्स|फ़ॉलोवर|फ़ॉलोवर्स|अनुयायी|फलोअर|ফলোয়ার|ফলোয়ার|অনুসরণকারী|અનુયાયીઓ|ફૉલોઅર્સ|ફોલોઅર્સ|ਫ਼ਾਲੋਅਰ|ਫਾਲੋਅਰ|பின்தொடர்பவர்கள்|ஃபாலோயர்கள்|అనుచరులు|ఫాలోవర్లు|ಅನುಯಾಯಿಗಳು|ಫಾಲೋವರ್‌ಗಳು|ഫോളോവർമാർ|ഫോളോവേഴ്‌സ്|අනුගාමිකයින්",
    ),
    (
        Following,
        "फ़ॉलोइंग|फॉलोइंग|फ़ॉलो कर रहे हैं|फॉलो करत आहे|ফলো করছেন|অনুসরণ করছেন|અનુસરણ|ફૉલોઇંગ|பின்தொடர்கிறார்|అనుసరిస్తున్నారు|ಅನುಸರಿಸುತ್ತಿದ್ದಾರೆ|ഫോളോ ചെയ്യുന്നു",
    ),
    (Likes, "लाइक|लाइक्स|पसंद|लाईक्स|লাইক|લાઇક|ਲਾਈਕ|விருப்பங்கள்|లైక్‌లు|ಲೈಕ್‌ಗಳು|ലൈക്കുകൾ"),
    (Posts, "पोस्ट|पोस्ट्स|वीडियो|पोस्टहरू|পোস্ট|પોસ્ટ|પોસ્ટ્સ|ਪੋਸਟ|ਪੋਸਟਾਂ|பதிவுகள்|இடுகைகள்|పోస్ట్‌లు|ಪೋಸ್ಟ್‌ಗಳು|പോസ്റ്റുകൾ"),
    (Views, "बार देखा गया|व्यू|व्यूज़|ভিউ|વ્યૂ|பார்வைகள்|వీక్షణలు|ವೀಕ್ಷಣೆಗಳು|കാഴ്ചകൾ"),
    (Comments, "कमेंट|कमेंट्स|टिप्पणी|टिप्पणियां|টি মন্তব্য|মন্তব্য|ટિપ્પણીઓ|ટિપ્પણી|கருத்துகள்|వ్యాఖ్యలు|ಕಾಮೆಂಟ್‌ಗಳು|കമന്റുകൾ"),
    (Shares, "शेयर|শেয়ার|શેર|பகிர்வுகள்|షేర్‌లు|ಹಂಚಿಕೆಗಳು|ഷെയറുകൾ"),
    // East and South-East Asia.
    (
        Followers,
        "粉丝|粉絲|位粉丝|位粉絲|关注者|位关注者|追蹤者|位追蹤者|フォロワー|フォロワー数|팔로워|ผู้ติดตาม|ຜູ້ຕິດຕາມ|អ្នកតាមដាន|စောင့်ကြည့်သူ",
    ),
    (
        Following,
        "关注|已关注|正在关注|追蹤中|正在追蹤|已追蹤|關注|フォロー中|팔로잉|팔로우|กำลังติดตาม|ກຳລັງຕິດຕາມ|កំពុងតាមដាន",
    ),
    (Likes, "赞|获赞|點讚|讚|喜歡|个赞|次赞|いいね|いいね！|좋아요|ถูกใจ|การถูกใจ|คนถูกใจ|ຖືກໃຈ"),
    (Posts, "帖子|作品|篇帖子|条帖子|貼文|則貼文|投稿|件の投稿|게시물|동영상|โพสต์|วิดีโอ|ໂພສ|ប្រកាស"),
    (Views, "播放|次播放|观看|次观看|觀看次數|次觀看|再生|回再生|閲覧|조회|조회수|재생|การดู|ยอดดู"),
    (Comments, "评论|条评论|則留言|留言|コメント|件のコメント|댓글|ความคิดเห็น"),
    (Shares, "分享|次分享|シェア|シェア数|공유|การแชร์|แชร์"),
];

/// Labels that tell a language in which a unit means something else.
pub(super) const TONGUES: &[(Tongue, &str)] = &[
    (
        Tongue::Turkish,
        "takipçi|takipçiler|takip|takip ediliyor|takip edilen|beğeni|gönderi|gönderiler|görüntülenme|izlenme|yorum|yorumlar|paylaşım",
    ),
    (
        Tongue::Malay,
        "pengikut|mengikuti|suka|disukai|postingan|kiriman|siaran|penayangan|tayangan|ditonton|tontonan|dibagikan|perkongsian|komentar",
    ),
    (
        Tongue::Iberian,
        "seguidor|seguidores|seguidora|seguidos|siguiendo|seguindo|a seguir|me gusta|curtida|curtidas|gostos|publicación|publicaciones|publicação|publicações|visualización|visualizaciones|reproducción|reproducciones|visualização|visualizações|comentario|comentarios|comentário|comentários|compartidos|compartilhamentos|partilhas|vídeos",
    ),
    (Tongue::Catalan, "seguidors|seguint|seguits|m'agrada|publicacions|publicació|comentaris"),
];
