//! How a page shows a profile. A look is a set of independent choices, so that redesigns are many and none is written for the healer.

use crate::chance::Chance;
use crate::locale::{LOCALES, Locale};
use crate::person::Person;
use crate::tree::{El, Node, el, text};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Site {
    Tik,
    Ins,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counts {
    NumberThenLabel,
    LabelThenNumber,
    InsideLink,
    Pairs,
    Flat,
    Rows,
}

/// A number of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Views,
    Likes,
    Comments,
}

/// What says which number of a post is which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signs {
    /// A picture with a name.
    Icons,
    /// The word behind it.
    Words,
    None,
    /// A sign of its own letter: a heart, a triangle.
    Emoji,
    /// Nothing to see: the number is in a label for readers of the screen.
    Spoken,
}

#[derive(Debug, Clone)]
pub(crate) struct Look {
    pub(crate) site: Site,
    pub(crate) locale: Locale,
    pub(crate) class_seed: u64,
    pub(crate) data_attr: Option<&'static str>,
    pub(crate) counts: Counts,
    pub(crate) blocks: Vec<usize>,
    pub(crate) count_order: Vec<usize>,
    pub(crate) at_apart: bool,
    pub(crate) handle_tag: &'static str,
    pub(crate) handle_link: bool,
    pub(crate) bio_lines: bool,
    pub(crate) abbreviate: bool,
    pub(crate) exact_title: bool,
    pub(crate) link_around_post: bool,
    pub(crate) caption_in: usize,
    pub(crate) likes_in_grid: bool,
    /// A post's numbers, in order; none: the plays, and the likes where `likes_in_grid`.
    pub(crate) columns: Vec<Column>,
    pub(crate) signs: Signs,
    /// Whether a post's numbers all look alike.
    pub(crate) alike: bool,
    /// Whether pictures show their likes where others show their plays.
    pub(crate) likes_for_plays: bool,
    /// Whether pinned posts have a section of their own.
    pub(crate) pinned_apart: bool,
    /// Whether the grid lies deeper, under a title.
    pub(crate) in_panel: bool,
    pub(crate) named_posts: bool,
    pub(crate) rows: bool,
    pub(crate) grid_first: bool,
    pub(crate) suggestions: usize,
}

impl Look {
    pub(crate) fn base(site: Site) -> Self {
        let tik = site == Site::Tik;
        Self {
            site,
            locale: LOCALES[0],
            class_seed: 7,
            data_attr: if tik { Some("data-e2e") } else { None },
            counts: if tik { Counts::NumberThenLabel } else { Counts::InsideLink },
            blocks: vec![0, 1, 2, 3, 4],
            count_order: if tik { vec![1, 0, 2] } else { vec![2, 0, 1] },
            at_apart: false,
            handle_tag: if tik { "h1" } else { "h2" },
            handle_link: !tik,
            bio_lines: false,
            abbreviate: true,
            exact_title: !tik,
            link_around_post: true,
            caption_in: 0,
            likes_in_grid: false,
            columns: Vec::new(),
            signs: Signs::Icons,
            alike: false,
            likes_for_plays: false,
            pinned_apart: false,
            in_panel: false,
            named_posts: true,
            rows: !tik,
            grid_first: false,
            suggestions: 7,
        }
    }

    pub(crate) fn redesigned(site: Site, chance: &mut Chance) -> Self {
        let mut look = Self::base(site);
        look.class_seed = chance.next();
        look.data_attr = *chance.pick(&[None, None, Some("data-testid"), Some("data-qa")]);
        look.counts = *chance.pick(&[
            Counts::NumberThenLabel,
            Counts::LabelThenNumber,
            Counts::InsideLink,
            Counts::Pairs,
            Counts::Flat,
            Counts::Rows,
        ]);
        chance.shuffle(&mut look.blocks);
        chance.shuffle(&mut look.count_order);
        look.at_apart = chance.chance(0.4);
        look.handle_tag = *chance.pick(&["h1", "h2", "div", "span", "p"]);
        look.handle_link = chance.chance(0.5);
        look.bio_lines = chance.chance(0.5);
        look.exact_title = chance.chance(0.3);
        look.link_around_post = chance.chance(0.5);
        look.caption_in = chance.below(4);
        look.likes_in_grid = chance.chance(0.5);
        look.named_posts = site == Site::Tik || chance.chance(0.5);
        look.rows = chance.chance(0.5);
        look.grid_first = chance.chance(0.3);
        look.suggestions = chance.below(8);
        if chance.chance(0.5) {
            look.locale = *chance.pick(LOCALES);
        }
        look
    }

    fn class(&self, role: &str) -> String {
        let seed = role.bytes().fold(self.class_seed, |sum, b| sum.wrapping_mul(31).wrapping_add(u64::from(b)));
        let mut chance = Chance::new(seed);
        if self.site == Site::Tik {
            let word: String = role.split([':', '-']).map(|part| part[..1].to_uppercase() + &part[1..]).collect();
            return format!("css-{}-Div{word} e{}", chance.token(6), chance.token(8));
        }
        (0..4 + chance.below(6)).map(|_| format!("x{}", chance.token(6))).collect::<Vec<_>>().join(" ")
    }

    fn dress(&self, mut element: El) -> El {
        let class = self.class(&element.role.clone());
        element.attrs.insert(0, ("class".to_owned(), class));
        let name = match element.role.as_str() {
            "handle" => "user-title",
            "display" => "user-subtitle",
            "bio" => "user-bio",
            "avatar" => "user-avatar",
            "link" => "user-link",
            "number:followers" => "followers-count",
            "number:following" => "following-count",
            "number:likes" => "likes-count",
            "number:posts" => "posts-count",
            "post" => "user-post-item",
            "views" => "video-views",
            _ => return element,
        };
        if let Some(attr) = self.data_attr {
            element.attrs.push((attr.to_owned(), name.to_owned()));
        }
        element
    }

    pub(crate) fn e(&self, tag: &str, role: &str, children: Vec<Node>) -> El {
        self.dress(el(tag, role, children))
    }

    pub(crate) fn profile_path(&self, handle: &str) -> String {
        if self.site == Site::Tik { format!("/@{handle}") } else { format!("/{handle}/") }
    }

    pub(crate) fn body(&self, person: &Person, others: &[Person]) -> El {
        let side: Vec<Node> = others.iter().take(self.suggestions).map(|other| self.suggestion(other)).collect();
        let nav = ["explore", "live", "upload"]
            .map(|word| self.e("a", "nav", vec![text(word)]).with("href", format!("/{word}")).node());
        let mut side_children: Vec<Node> = nav.into_iter().collect();
        side_children.extend(side);
        let header = self.header(person).node();
        let grid = self.grid(person).node();
        let main = if self.grid_first { vec![grid, header] } else { vec![header, grid] };
        el("body", "body", vec![self.e("div", "side", side_children).node(), self.e("main", "main", main).node()])
    }

    fn suggestion(&self, other: &Person) -> Node {
        let image = self.e("img", "small", vec![]).with("src", other.avatar_url()).with("alt", "").node();
        let names = vec![
            self.e("h4", "sname", vec![text(&other.handle)]).node(),
            self.e("p", "sdesc", vec![text(&other.name)]).node(),
        ];
        self.e("a", "suggest", vec![image, self.e("div", "stext", names).node()])
            .with("href", self.profile_path(&other.handle))
            .node()
    }

    /// A profile's head: also what a card of another looks like.
    pub(crate) fn header(&self, person: &Person) -> El {
        let blocks: Vec<Node> = self
            .blocks
            .iter()
            .map(|block| match block {
                0 => self.avatar(person),
                1 => self.names(person),
                2 => self.counts(person),
                3 => self.bio(person),
                _ => self.link(person),
            })
            .collect();
        self.e("header", "header", blocks)
    }

    fn avatar(&self, person: &Person) -> Node {
        let alt = if self.site == Site::Ins { format!("{}'s profile picture", person.handle) } else { String::new() };
        let image = self.e("img", "avatarimg", vec![]).with("src", person.avatar_url()).with("alt", alt).node();
        self.e("div", "avatar", vec![self.e("span", "avatarbox", vec![image]).node()]).node()
    }

    fn names(&self, person: &Person) -> Node {
        let handle = if self.at_apart {
            vec![
                self.e("span", "at", vec![text("@")]).node(),
                self.e("span", "handletext", vec![text(&person.handle)]).node(),
            ]
        } else {
            vec![text(&person.handle)]
        };
        let mut handle = self.e(self.handle_tag, "handle", handle).node();
        if self.handle_link {
            handle = self.e("a", "handlelink", vec![handle]).with("href", self.profile_path(&person.handle)).node();
        }
        let display = self.e("h3", "display", vec![text(&person.name)]).node();
        let button = self.e("button", "button", vec![text(self.locale.follow)]).with("type", "button").node();
        self.e("div", "names", vec![handle, display, button]).node()
    }

    fn bio(&self, person: &Person) -> Node {
        if self.bio_lines {
            let lines = person.bio.lines().map(|line| self.e("div", "bioline", vec![text(line)]).node()).collect();
            return self.e("div", "bio", lines).node();
        }
        self.e("div", "bio", vec![text(&person.bio)]).node()
    }

    fn link(&self, person: &Person) -> Node {
        let shown = person.link.trim_start_matches("https://").to_owned();
        let href = if self.site == Site::Ins {
            format!("https://l.pics.example/?u={}&e=AT0", person.link.replace(':', "%3A").replace('/', "%2F"))
        } else {
            person.link.clone()
        };
        let link = self
            .e("a", "link", vec![self.e("span", "linktext", vec![text(shown)]).node()])
            .with("href", href)
            .with("target", "_blank");
        self.e("div", "links", vec![link.node()]).node()
    }

    /// (field, value, label) of the counts the site has.
    pub(crate) fn facts(&self, person: &Person) -> Vec<(&'static str, u64, &'static str)> {
        let locale = &self.locale;
        let third = if self.site == Site::Tik {
            ("likes", person.likes, locale.likes)
        } else {
            ("posts", person.posts_count, locale.posts)
        };
        let all = [
            ("followers", person.followers, locale.followers),
            ("following", person.following, locale.following),
            third,
        ];
        self.count_order.iter().map(|&at| all[at]).collect()
    }

    fn counts(&self, person: &Person) -> Node {
        let facts = self.facts(person);
        let number = |field: &str, value: u64| {
            self.e("strong", &format!("number:{field}"), vec![text(self.locale.show(value, self.abbreviate).0)])
        };
        let label = |field: &str, label: &str| self.e("span", &format!("label:{field}"), vec![text(label)]);
        let mut cells = Vec::new();
        match self.counts {
            Counts::NumberThenLabel | Counts::LabelThenNumber => {
                for (field, value, word) in facts {
                    let mut pair = vec![number(field, value).node(), label(field, word).node()];
                    if self.counts == Counts::LabelThenNumber {
                        pair.reverse();
                    }
                    cells.push(self.e("div", &format!("cell:{field}"), pair).node());
                }
            }
            Counts::InsideLink => {
                for (field, value, word) in facts {
                    let mut number = self.e("span", "numberbox", vec![number(field, value).node()]);
                    if self.exact_title && field == "followers" {
                        number = number.with("title", self.locale.show(value, false).0);
                    }
                    let inner = vec![number.node(), text(format!(" {}", word.to_lowercase()))];
                    let inner = if field == "posts" || field == "likes" {
                        self.e("span", "countbox", inner)
                    } else {
                        self.e("a", "countlink", inner).with(
                            "href",
                            format!("{}/{field}/", self.profile_path(&person.handle).trim_end_matches('/')),
                        )
                    };
                    cells.push(self.e("li", &format!("cell:{field}"), vec![inner.node()]).node());
                }
            }
            Counts::Pairs => {
                for (field, value, word) in facts {
                    cells.push(self.e("dt", &format!("label:{field}"), vec![text(word)]).node());
                    cells.push(
                        self.e(
                            "dd",
                            &format!("number:{field}"),
                            vec![text(self.locale.show(value, self.abbreviate).0)],
                        )
                        .node(),
                    );
                }
            }
            Counts::Flat => {
                let parts: Vec<String> = facts
                    .iter()
                    .map(|(_, value, word)| format!("{} {word}", self.locale.show(*value, self.abbreviate).0))
                    .collect();
                cells.push(text(parts.join(" · ")));
            }
            Counts::Rows => {
                let labels = facts.iter().map(|(field, _, word)| label(field, word).node()).collect();
                let numbers = facts.iter().map(|(field, value, _)| number(field, *value).node()).collect();
                cells.push(self.e("div", "labels", labels).node());
                cells.push(self.e("div", "numbers", numbers).node());
            }
        }
        self.e(if self.counts == Counts::Pairs { "dl" } else { "div" }, "counts", cells).node()
    }
}
