//! How a page shows posts: the grid, each post's picture, text, numbers and link.

use crate::layout::{Column, Look, Signs, Site};
use crate::person::{Author, Person, Post};
use crate::tree::{El, Node, text};

impl Look {
    pub(crate) fn grid(&self, person: &Person) -> El {
        let (apart, rest): (Vec<&Post>, Vec<&Post>) =
            person.posts.iter().partition(|post| self.pinned_apart && post.pinned);
        let grid = self.grid_of(person, &rest);
        if !self.in_panel && apart.is_empty() {
            return grid;
        }
        let mut sections = Vec::new();
        if !apart.is_empty() {
            sections.push(self.e("h3", "section", vec![text("Pinned")]).node());
            sections.push(self.grid_of(person, &apart).node());
        }
        sections.push(self.e("h3", "section", vec![text(self.locale.posts)]).node());
        sections.push(grid.node());
        let panel = self.e("div", "panel", sections).with("role", "tabpanel").node();
        self.e("section", "tabs", vec![self.e("div", "panels", vec![panel]).node()])
    }

    fn grid_of(&self, person: &Person, posts: &[&Post]) -> El {
        let posts: Vec<Node> = posts.iter().map(|post| self.post(person, post)).collect();
        let children = if self.rows {
            posts.chunks(3).map(|row| self.e("div", "row", row.to_vec()).node()).collect()
        } else {
            posts
        };
        self.e("div", "grid", children)
    }

    fn post(&self, person: &Person, post: &Post) -> Node {
        let handle = post.by.as_ref().map_or(&person.handle, |by| &by.handle);
        let href = match (self.site, self.named_posts) {
            (Site::Tik, _) => format!("https://www.clips.example/@{handle}/video/{}", post.num),
            (Site::Ins, true) => format!("/{handle}/p/{}/", post.code),
            (Site::Ins, false) => format!("/p/{}/", post.code),
        };
        let mut image =
            self.e("img", "cover", vec![]).with("src", format!("https://cdn.pics.example/v/{}.jpg", &post.num[10..]));
        image = image.with("alt", if self.caption_in == 0 { post.caption.clone() } else { String::new() });
        let mut picture = vec![image.node()];
        match self.caption_in {
            1 => picture.push(self.e("figcaption", "caption", vec![text(&post.caption)]).node()),
            2 => picture.push(self.e("p", "caption", vec![text(&post.caption)]).node()),
            3 => picture.push(self.e("div", "capbox", vec![]).with("title", &post.caption).node()),
            _ => {}
        }
        if post.pinned {
            picture.push(self.e("div", "badge", vec![text("Pinned")]).node());
        }
        if let Some(by) = &post.by {
            picture.push(self.author(by));
        }
        let figure = self.e("figure", "figure", picture).node();
        let numbers = self.e("div", "numbersbox", self.numbers(post)).node();
        if self.link_around_post {
            let link = self.e("a", "postlink", vec![figure, numbers]).with("href", href).node();
            return self.e("div", "post", vec![link]).node();
        }
        let link = self.e("a", "postlink", vec![]).with("href", href).with("aria-label", "Open").node();
        self.e("div", "post", vec![figure, numbers, link]).node()
    }

    fn author(&self, by: &Author) -> Node {
        let name = self.e("span", "author", vec![text(format!("@{}", by.handle))]).node();
        self.e("a", "authorlink", vec![name]).with("href", self.profile_path(&by.handle)).node()
    }

    fn numbers(&self, post: &Post) -> Vec<Node> {
        let shown = |value: u64| vec![text(self.locale.show(value, self.abbreviate).0)];
        if !self.columns.is_empty() {
            return self.columns.iter().filter_map(|&column| self.column(post, column)).collect();
        }
        let mut numbers = Vec::new();
        if !post.photo {
            numbers.push(self.e("svg", "icon", vec![]).with("aria-label", "Play").node());
            numbers.push(self.e("strong", "views", shown(post.views)).node());
        }
        if self.likes_in_grid {
            let likes = self.e("span", "plikes", shown(post.likes)).with("aria-label", "likes");
            numbers.push(self.e("span", "plikesbox", vec![likes.node()]).node());
        }
        numbers
    }

    fn column(&self, post: &Post, column: Column) -> Option<Node> {
        let instead = column == Column::Views && post.photo;
        let column = if instead && self.likes_for_plays { Column::Likes } else { column };
        let (value, role, sign, word) = match column {
            Column::Views if post.photo => return None,
            Column::Views => (post.views, "views", "Play", "views"),
            Column::Likes => (post.likes, "plikes", "Like", "likes"),
            Column::Comments => (post.comments, "pcomments", "Comment", "comments"),
        };
        let role = if instead || self.alike { "views" } else { role };
        let shown = self.locale.show(value, self.abbreviate).0;
        let words = if self.signs == Signs::Words { format!("{shown} {word}") } else { shown };
        let number = self.e("strong", role, vec![text(words)]).node();
        if self.signs == Signs::Spoken {
            let label = format!("{} {word}", self.locale.show(value, self.abbreviate).0);
            return Some(self.e("svg", "spoken", vec![]).with("aria-label", &label).node());
        }
        let mut icon = self.e("svg", "icon", vec![]);
        if self.signs == Signs::Emoji {
            icon = self.e("span", "icon", vec![text(if word == "views" { "▶" } else { "❤" })]);
        }
        if self.signs == Signs::Icons {
            icon = icon.with("aria-label", sign);
        }
        let sign = (self.signs != Signs::Words).then(|| icon.node());
        Some(self.e("span", "column", sign.into_iter().chain(std::iter::once(number)).collect()).node())
    }
}
