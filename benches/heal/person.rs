//! Made-up people: a profile and its posts, and what becomes of both between two visits.

use crate::chance::Chance;

const FIRST: &[&str] = &[
    "mika", "tara", "joel", "anouk", "pavel", "sena", "ravi", "lotte", "hugo", "inez", "kaito", "zofia", "emre",
    "dalia", "otto", "freya", "nils", "amina", "bruna", "yusuf",
];
const LAST: &[&str] = &[
    "berg", "santos", "ito", "kaya", "moreau", "popov", "lund", "haas", "rossi", "novy", "park", "silva", "khan",
    "vidal", "maas", "orlov", "tan", "reyes", "blom", "adeyemi",
];
const TOPIC: &[&str] = &[
    "pottery",
    "night trains",
    "wild swimming",
    "street chess",
    "sourdough",
    "analog cameras",
    "urban gardens",
    "vinyl",
    "bike tours",
    "tiny houses",
    "kites",
    "paper art",
];
const EMOJI: &[&str] = &["🌵", "🎈", "🐙", "⚡", "🪁", "🧶", "☕", "🚲", "🎷", "🦊"];
const WORD: &[&str] = &[
    "maybe", "river", "again", "slow", "copper", "window", "today", "nobody", "garden", "twice", "little", "orange",
    "train", "quiet", "after", "rain", "music", "why", "we", "keep", "going", "north", "bread", "about", "seven",
];

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Post {
    pub(crate) num: String,
    pub(crate) code: String,
    pub(crate) caption: String,
    pub(crate) views: u64,
    pub(crate) likes: u64,
    pub(crate) comments: u64,
    pub(crate) time: u64,
    /// A picture: nobody plays it.
    pub(crate) photo: bool,
    pub(crate) pinned: bool,
    /// Whose it is, where it is another's.
    pub(crate) by: Option<Author>,
}

/// Another's name on a post.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Author {
    pub(crate) handle: String,
    pub(crate) name: String,
    pub(crate) uid: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Person {
    pub(crate) handle: String,
    pub(crate) name: String,
    pub(crate) bio: String,
    pub(crate) uid: String,
    pub(crate) followers: u64,
    pub(crate) following: u64,
    pub(crate) likes: u64,
    pub(crate) posts_count: u64,
    pub(crate) avatar: String,
    pub(crate) link: String,
    pub(crate) posts: Vec<Post>,
    pub(crate) stamp: u64,
}

impl Person {
    pub(crate) fn new(chance: &mut Chance, posts: usize) -> Self {
        let (first, last) = (*chance.pick(FIRST), *chance.pick(LAST));
        let number = chance.between(2, 999);
        let handle = match chance.below(5) {
            0 => format!("{first}{last}{number}"),
            1 => format!("{first}.{last}{number}"),
            2 => format!("{first}_{last}"),
            3 => format!("{first}.{last}"),
            _ => format!("the{first}{last}"),
        };
        let topic = *chance.pick(TOPIC);
        let (upper_first, upper_last) = (capital(first), capital(last));
        let name = match chance.below(4) {
            0 => format!("{upper_first} {upper_last} {}", chance.pick(EMOJI)),
            1 => format!("{upper_first} | {topic}"),
            2 => format!("{upper_first} {upper_last}"),
            _ => format!("{} {upper_first} ({topic})", chance.pick(EMOJI)),
        };
        let bio = match chance.below(4) {
            0 => format!(
                "{topic} {} somewhere in {}\nwrite: {first}@{last}.example",
                chance.pick(EMOJI),
                capital(WORD[chance.below(WORD.len())])
            ),
            1 => format!("all about {topic}. {} {} {}", chance.pick(WORD), chance.pick(WORD), chance.pick(WORD)),
            2 => format!("{} 24/7 {topic}\n{number} days in\nmail {first}{number}@{last}.example", chance.pick(EMOJI)),
            _ => format!("{topic} & {} ✨\nwith @{}_{}", chance.pick(TOPIC), chance.pick(FIRST), chance.pick(LAST)),
        };
        let followers = log_uniform(chance, 900, 90_000_000);
        let mut person = Self {
            name,
            bio,
            uid: format!("6{}", chance.between(100_000_000_000_000_000, 999_999_999_999_999_999)),
            followers,
            following: if chance.chance(0.15) { chance.between(0, 9) } else { chance.between(10, 4_900) },
            likes: followers * chance.between(8, 70) + chance.between(0, 999),
            posts_count: chance.between(posts as u64, 4_800),
            avatar: chance.token(14),
            link: format!("https://{last}-{first}.example/{}", chance.pick(&["shop", "links", "tour", "music"])),
            posts: Vec::new(),
            handle,
            stamp: 1_764_000_000,
        };
        let mut time = 1_760_000_000;
        for _ in 0..posts {
            time -= chance.between(10_000, 400_000);
            let post = person.post(chance, time);
            person.posts.push(post);
        }
        person
    }

    fn post(&self, chance: &mut Chance, time: u64) -> Post {
        const CODE: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let words: Vec<&str> = (0..chance.between(4, 10)).map(|_| *chance.pick(WORD)).collect();
        let views = (self.followers as f64 * (0.05 + chance.unit() * 2.5)) as u64 + chance.between(20, 90);
        Post {
            num: format!("7{}", chance.between(100_000_000_000_000_000, 999_999_999_999_999_999)),
            code: format!("C{}", (0..10).map(|_| char::from(CODE[chance.below(64)])).collect::<String>()),
            caption: format!(
                "{} #{}{}",
                words.join(" "),
                TOPIC[chance.below(TOPIC.len())].replace(' ', ""),
                chance.between(10, 999)
            ),
            views,
            likes: views / chance.between(7, 40) + 1,
            comments: views / chance.between(150, 900),
            time,
            photo: false,
            pinned: false,
            by: None,
        }
    }

    /// A post of the same person, newer by so many half days than all of the past.
    pub(crate) fn fresh_post(&self, chance: &mut Chance, at: usize) -> Post {
        self.post(chance, 1_760_200_000 + at as u64 * 50_000)
    }

    pub(crate) fn author(&self) -> Author {
        Author { handle: self.handle.clone(), name: self.name.clone(), uid: self.uid.clone() }
    }

    /// The posts that are this person's own.
    pub(crate) fn own_posts(&self) -> impl Iterator<Item = &Post> {
        self.posts.iter().filter(|post| post.by.is_none())
    }

    /// The same profile a few days later.
    pub(crate) fn later(&self, chance: &mut Chance) -> Self {
        let mut next = self.clone();
        next.followers = (self.followers as f64 * (1.0 + (chance.unit() * 1.4 - 0.4) * 0.02)) as u64;
        next.following = (self.following + chance.between(0, 5)).saturating_sub(2);
        next.likes = self.likes + (self.likes as f64 * chance.unit() * 0.01) as u64;
        let fresh = if chance.chance(0.5) { chance.between(1, 3) as usize } else { 0 };
        next.posts_count += fresh as u64;
        let kept = next.posts.len();
        for post in &mut next.posts {
            post.views += (post.views as f64 * chance.unit() * 0.06) as u64;
            post.likes += (post.likes as f64 * chance.unit() * 0.05) as u64;
        }
        for at in 0..fresh.min(kept) {
            let post = next.post(chance, 1_760_100_000 + at as u64 * 50_000);
            next.posts.insert(0, post);
        }
        next.posts.truncate(kept);
        next.stamp = self.stamp + 180_000;
        next
    }

    pub(crate) fn avatar_url(&self) -> String {
        let sum: u64 = self.avatar.bytes().map(u64::from).sum::<u64>() * self.stamp % 0xFFFF_FFFF;
        format!(
            "https://cdn.pics.example/avt/{}~c5_720x720.jpeg?x-expires={}&x-signature={sum:08x}",
            self.avatar, self.stamp
        )
    }

    /// A person easily taken for this one.
    pub(crate) fn double(&self, chance: &mut Chance) -> Self {
        let mut other = Self::new(chance, self.posts.len());
        other.handle = match chance.below(3) {
            0 => format!("{}_", self.handle),
            1 => format!("{}1", self.handle),
            _ => format!("real{}", self.handle),
        };
        other.name.clone_from(&self.name);
        other.bio.clone_from(&self.bio);
        other
    }

    pub(crate) fn near(&self, chance: &mut Chance, share: f64) -> Self {
        let mut other = Self::new(chance, self.posts.len().min(6));
        let moved =
            |chance: &mut Chance, value: u64| (value as f64 * (1.0 + (chance.unit() * 2.0 - 1.0) * share)) as u64;
        other.followers = moved(chance, self.followers);
        other.following = moved(chance, self.following);
        other.likes = moved(chance, self.likes);
        other.posts_count = moved(chance, self.posts_count);
        other
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn log_uniform(chance: &mut Chance, low: u64, high: u64) -> u64 {
    let (low, high) = ((low as f64).ln(), (high as f64).ln());
    (low + chance.unit() * (high - low)).exp() as u64
}
