//! The text of a message as a tree that a screen can render: paragraphs, quotes, lists, code, emphasis, links and mentions
//! (screens 9.3). Other clients show the same text as it is; nothing of this is sent.
//!
//! Leaves are byte ranges of the source, in order and without overlap, so marks of a search lie on them directly and no
//! character can be made up. What lies between the leaves is markers only. Depth and number of nodes are bounded.

pub mod links;

use std::ops::Range;

/// Emphasis within emphasis goes no deeper.
const MAX_DEPTH: usize = 4;
/// After so many leaves the rest is plain text.
const MAX_LEAVES: usize = 400;
/// Longest name of a language above a block of code (bytes).
const MAX_LANGUAGE: usize = 20;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Emphasis, code, quotes and lists.
    pub markdown: bool,
    /// Links that can be followed.
    pub links: bool,
}

/// A part of a message that stands by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Text, line breaks included.
    Text(Vec<Inline>),
    /// Lines that begin with `>`.
    Quote(Vec<Vec<Inline>>),
    /// Text between lines of three backticks.
    Code {
        /// What stands behind the opening backticks; possibly empty.
        language: Range<usize>,
        /// The code.
        text: Range<usize>,
    },
    /// Lines that begin with `-`, `*`, `+` or a number.
    List(Vec<Item>),
}

/// A line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// `1.` and the like; empty in lists without numbers.
    pub label: Range<usize>,
    /// The rest of the line.
    pub content: Vec<Inline>,
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inline {
    /// As it is.
    Text(Range<usize>),
    /// `` `code` ``
    Code(Range<usize>),
    /// An address with http, https or mailto.
    Link(Range<usize>),
    /// `@` and 66 hex digits (20-messages 4.8).
    Mention(Range<usize>),
    /// `**bold**`
    Bold(Vec<Inline>),
    /// `*italic*` or `_italic_`
    Italic(Vec<Inline>),
    /// `~~struck~~`
    Strike(Vec<Inline>),
    /// `||hidden||`
    Spoiler(Vec<Inline>),
}

/// The addresses in a text, in order, each once.
pub fn addresses(text: &str) -> Vec<&str> {
    fn gather(inlines: &[Inline], out: &mut Vec<Range<usize>>) {
        for inline in inlines {
            match inline {
                Inline::Link(range) => out.push(range.clone()),
                Inline::Bold(inner)
                | Inline::Italic(inner)
                | Inline::Strike(inner)
                | Inline::Spoiler(inner) => gather(inner, out),
                Inline::Text(_) | Inline::Code(_) | Inline::Mention(_) => {}
            }
        }
    }
    let options = Options {
        markdown: false,
        links: true,
    };
    let mut found = Vec::new();
    for block in parse(text, options) {
        if let Block::Text(content) = block {
            gather(&content, &mut found);
        }
    }
    let mut out: Vec<&str> = Vec::new();
    for address in found.into_iter().filter_map(|range| text.get(range)) {
        if !out.contains(&address) {
            out.push(address);
        }
    }
    out
}

/// The tree of a text.
pub fn parse(text: &str, options: Options) -> Vec<Block> {
    let mut parser = Parser {
        text,
        options,
        leaves: 0,
    };
    if options.markdown {
        parser.blocks()
    } else {
        let content = parser.inlines(0..text.len(), MAX_DEPTH);
        vec![Block::Text(content)]
    }
}

struct Parser<'a> {
    text: &'a str,
    options: Options,
    leaves: usize,
}

/// What a line is by its beginning.
enum Line {
    Plain,
    /// Its content begins there.
    Quote(usize),
    /// Label, and where its content begins.
    Item(Range<usize>, usize),
}

impl Parser<'_> {
    fn blocks(&mut self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut plain = 0..0;
        let mut at = 0;
        while at < self.text.len() {
            let line = self.line(at);
            let next = (line.end + 1).min(self.text.len());
            if self.leaves >= MAX_LEAVES {
                plain.end = self.text.len();
                break;
            }
            if let Some((code, after)) = self.fenced(&line) {
                self.flush(&mut blocks, &mut plain);
                self.leaves += 1;
                blocks.push(code);
                at = after;
                plain = at..at;
                continue;
            }
            match self.kind(&line) {
                Line::Plain => plain.end = line.end,
                Line::Quote(from) => {
                    self.flush(&mut blocks, &mut plain);
                    let content = self.inlines(from..line.end, 0);
                    match blocks.last_mut() {
                        Some(Block::Quote(lines)) => lines.push(content),
                        _ => blocks.push(Block::Quote(vec![content])),
                    }
                    plain = next..next;
                }
                Line::Item(label, from) => {
                    self.flush(&mut blocks, &mut plain);
                    let content = self.inlines(from..line.end, 0);
                    let item = Item { label, content };
                    match blocks.last_mut() {
                        Some(Block::List(items)) => items.push(item),
                        _ => blocks.push(Block::List(vec![item])),
                    }
                    plain = next..next;
                }
            }
            at = next;
        }
        self.flush(&mut blocks, &mut plain);
        blocks
    }

    /// Empty lines between other blocks are space, not text.
    fn flush(&mut self, blocks: &mut Vec<Block>, plain: &mut Range<usize>) {
        if plain.start < plain.end && !self.text[plain.clone()].trim().is_empty() {
            let content = self.inlines(plain.clone(), 0);
            blocks.push(Block::Text(content));
        }
        *plain = plain.end..plain.end;
    }

    /// The line that begins there, without its end.
    fn line(&self, at: usize) -> Range<usize> {
        let end = self.text[at..]
            .find('\n')
            .map_or(self.text.len(), |length| at + length);
        at..end
    }

    fn kind(&self, line: &Range<usize>) -> Line {
        let said = &self.text[line.clone()];
        let content = |marker: usize| line.start + marker;
        if let Some(rest) = said.strip_prefix('>') {
            return Line::Quote(content(1 + usize::from(rest.starts_with(' '))));
        }
        for bullet in ["- ", "* ", "+ "] {
            if said.starts_with(bullet) && !said[2..].trim().is_empty() {
                return Line::Item(line.start..line.start, content(2));
            }
        }
        let digits = said.bytes().take_while(u8::is_ascii_digit).count();
        if (1..=3).contains(&digits)
            && said[digits..].starts_with(". ")
            && !said[digits + 2..].trim().is_empty()
        {
            return Line::Item(line.start..line.start + digits + 1, content(digits + 2));
        }
        Line::Plain
    }

    /// A block of code that begins with this line, and where the line after it begins.
    fn fenced(&self, line: &Range<usize>) -> Option<(Block, usize)> {
        let language = self.text[line.clone()].strip_prefix("```")?;
        let name = language.trim_end();
        let known = |c: char| c.is_ascii_alphanumeric() || "+#-_.".contains(c);
        if name.len() > MAX_LANGUAGE || !name.chars().all(known) || line.end >= self.text.len() {
            return None;
        }
        let from = line.end + 1;
        let mut at = from;
        while at <= self.text.len() {
            let inner = self.line(at);
            if self.text[inner.clone()].trim_end() == "```" {
                let language = line.start + 3..line.start + 3 + name.len();
                let text = from..at.saturating_sub(1).max(from);
                return Some((
                    Block::Code { language, text },
                    (inner.end + 1).min(self.text.len()),
                ));
            }
            if inner.end >= self.text.len() {
                return None;
            }
            at = inner.end + 1;
        }
        None
    }

    fn inlines(&mut self, range: Range<usize>, depth: usize) -> Vec<Inline> {
        let mut out = Vec::new();
        let mut plain = range.start;
        let mut at = range.start;
        let mut hopeless = [false; MARKERS.len()];
        while let Some(c) = self.text[at..range.end].chars().next() {
            let found = if self.leaves < MAX_LEAVES {
                self.special(at, &range, depth, &mut hopeless)
            } else {
                None
            };
            let Some((inline, after)) = found else {
                at += c.len_utf8();
                continue;
            };
            self.push_text(&mut out, plain..at);
            out.push(inline);
            at = after;
            plain = at;
        }
        self.push_text(&mut out, plain..range.end);
        out
    }

    fn push_text(&mut self, out: &mut Vec<Inline>, range: Range<usize>) {
        if !range.is_empty() {
            self.leaves += 1;
            out.push(Inline::Text(range));
        }
    }

    /// What begins here other than text, and where it ends.
    fn special(
        &mut self,
        at: usize,
        range: &Range<usize>,
        depth: usize,
        hopeless: &mut [bool; MARKERS.len()],
    ) -> Option<(Inline, usize)> {
        let rest = &self.text[at..range.end];
        let before = self.text[range.start..at].chars().next_back();
        let word_begins = !before.is_some_and(char::is_alphanumeric);
        if self.options.links
            && word_begins
            && let Some(length) = links::starts(rest)
        {
            self.leaves += 1;
            return Some((Inline::Link(at..at + length), at + length));
        }
        if let Some(length) = mention(rest) {
            self.leaves += 1;
            return Some((Inline::Mention(at..at + length), at + length));
        }
        if depth >= MAX_DEPTH {
            return None;
        }
        let (number, marker) = MARKERS
            .iter()
            .enumerate()
            .find(|(_, marker)| rest.starts_with(marker.sign))?;
        let from = at + marker.sign.len();
        let opens = !rest[marker.sign.len()..].starts_with(char::is_whitespace)
            && (!marker.whole_words || word_begins);
        if !opens || hopeless[number] {
            return None;
        }
        let Some(to) = marker.closing(self.text, from, range.end) else {
            hopeless[number] = true;
            return None;
        };
        let after = to + marker.sign.len();
        let inline = match marker.kind {
            Kind::Code => {
                self.leaves += 1;
                Inline::Code(from..to)
            }
            Kind::Bold => Inline::Bold(self.inlines(from..to, depth + 1)),
            Kind::Italic => Inline::Italic(self.inlines(from..to, depth + 1)),
            Kind::Strike => Inline::Strike(self.inlines(from..to, depth + 1)),
            Kind::Spoiler => Inline::Spoiler(self.inlines(from..to, depth + 1)),
        };
        Some((inline, after))
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Code,
    Bold,
    Italic,
    Strike,
    Spoiler,
}

struct Marker {
    sign: &'static str,
    kind: Kind,
    /// Inside a word it is no marker.
    whole_words: bool,
}

const MARKERS: [Marker; 6] = [
    Marker::new("`", Kind::Code, false),
    Marker::new("**", Kind::Bold, false),
    Marker::new("*", Kind::Italic, true),
    Marker::new("_", Kind::Italic, true),
    Marker::new("~~", Kind::Strike, false),
    Marker::new("||", Kind::Spoiler, false),
];

impl Marker {
    const fn new(sign: &'static str, kind: Kind, whole_words: bool) -> Self {
        Self {
            sign,
            kind,
            whole_words,
        }
    }

    /// Where the closing marker stands.
    fn closing(&self, text: &str, from: usize, end: usize) -> Option<usize> {
        let mut at = from;
        loop {
            let mut to = at + text[at..end].find(self.sign)?;
            // `***` closes what is inside first.
            while self.sign.len() == 2
                && text[to + 1..end].starts_with(self.sign)
                && text[to + 2..end].starts_with(&self.sign[1..])
            {
                to += 1;
            }
            let after = to + self.sign.len();
            let before = text[from..to].chars().next_back();
            let next = text[after..end].chars().next();
            let single =
                |c: Option<char>| self.sign.len() > 1 || !c.is_some_and(|c| self.sign.contains(c));
            let fits = before.is_some_and(|c| !c.is_whitespace())
                && single(before)
                && single(next)
                && !(self.whole_words && next.is_some_and(char::is_alphanumeric));
            if fits {
                return Some(to);
            }
            at = after;
        }
    }
}

/// The length of a mention at the beginning.
fn mention(rest: &str) -> Option<usize> {
    const LENGTH: usize = 67;
    let id = rest.strip_prefix('@')?.as_bytes();
    let digits = id
        .iter()
        .take(LENGTH)
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    (digits == LENGTH - 1).then_some(LENGTH)
}

/// Every leaf of a tree, in order.
pub fn leaves(blocks: &[Block]) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    for block in blocks {
        match block {
            Block::Text(content) => collect(content, &mut all),
            Block::Quote(lines) => lines.iter().for_each(|line| collect(line, &mut all)),
            Block::Code { language, text } => all.extend([language.clone(), text.clone()]),
            Block::List(items) => items.iter().for_each(|item| {
                all.push(item.label.clone());
                collect(&item.content, &mut all);
            }),
        }
    }
    all
}

fn collect(content: &[Inline], all: &mut Vec<Range<usize>>) {
    for inline in content {
        match inline {
            Inline::Text(range)
            | Inline::Code(range)
            | Inline::Link(range)
            | Inline::Mention(range) => all.push(range.clone()),
            Inline::Bold(content)
            | Inline::Italic(content)
            | Inline::Strike(content)
            | Inline::Spoiler(content) => collect(content, all),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::single_range_in_vec_init)]
    use super::*;
    use proptest::prelude::*;

    const ALL: Options = Options {
        markdown: true,
        links: true,
    };

    /// A tree as text: easy to read in a test.
    fn shown(text: &str) -> String {
        let inline = |content: &[Inline]| inline_shown(text, content);
        parse(text, ALL)
            .iter()
            .map(|block| match block {
                Block::Text(content) => format!("p({})", inline(content)),
                Block::Quote(lines) => {
                    let lines: Vec<_> = lines.iter().map(|line| inline(line)).collect();
                    format!("quote({})", lines.join("/"))
                }
                Block::Code {
                    language,
                    text: code,
                } => {
                    format!("code[{}]({})", &text[language.clone()], &text[code.clone()])
                }
                Block::List(items) => {
                    let items: Vec<_> = items
                        .iter()
                        .map(|item| {
                            format!("{}{}", &text[item.label.clone()], inline(&item.content))
                        })
                        .collect();
                    format!("list({})", items.join("/"))
                }
            })
            .collect()
    }

    fn inline_shown(text: &str, content: &[Inline]) -> String {
        content
            .iter()
            .map(|inline| match inline {
                Inline::Text(range) => text[range.clone()].to_owned(),
                Inline::Code(range) => format!("c({})", &text[range.clone()]),
                Inline::Link(range) => format!("a({})", &text[range.clone()]),
                Inline::Mention(range) => format!("m({})", &text[range.clone()]),
                Inline::Bold(inner) => format!("b({})", inline_shown(text, inner)),
                Inline::Italic(inner) => format!("i({})", inline_shown(text, inner)),
                Inline::Strike(inner) => format!("s({})", inline_shown(text, inner)),
                Inline::Spoiler(inner) => format!("h({})", inline_shown(text, inner)),
            })
            .collect()
    }

    #[test]
    fn emphasis_is_found_and_nests() {
        assert_eq!(shown("a **b** c"), "p(a b(b) c)");
        assert_eq!(shown("***x***"), "p(b(i(x)))");
        assert_eq!(
            shown("*a* _b_ ~~c~~ ||d|| `e`"),
            "p(i(a) i(b) s(c) h(d) c(e))"
        );
        assert_eq!(shown("||a **b**||"), "p(h(a b(b)))");
    }

    #[test]
    fn what_is_no_emphasis_stays_as_it_is() {
        for text in [
            "2*3*4",
            "snake_case_name",
            "* ",
            "**",
            "a ** b",
            "||",
            "`",
            "_ a_",
            "****",
        ] {
            assert_eq!(shown(text), format!("p({text})"), "{text}");
        }
    }

    #[test]
    fn code_is_not_read_any_further() {
        assert_eq!(shown("`**a**`"), "p(c(**a**))");
        assert_eq!(
            shown("a\n```rust\nlet *x*;\n```\nb"),
            "p(a)code[rust](let *x*;)p(b)"
        );
        assert_eq!(shown("```\n```"), "code[]()");
        assert_eq!(shown("```\nopen"), "p(```\nopen)");
    }

    #[test]
    fn quotes_and_lists_are_runs_of_lines() {
        assert_eq!(shown("> a\n>b\nc"), "quote(a/b)p(c)");
        assert_eq!(shown("- a\n- *b*\n1. c"), "list(a/i(b)/1.c)");
        assert_eq!(shown("1984. A book\nnext"), "p(1984. A book\nnext)");
    }

    #[test]
    fn links_and_mentions_are_leaves() {
        let id = format!("@05{}", "ab".repeat(32));
        assert_eq!(
            shown(&format!("see https://a.example/x_y_z, {id}!")),
            format!("p(see a(https://a.example/x_y_z), m({id})!)")
        );
        assert_eq!(shown("xhttps://a.example"), "p(xhttps://a.example)");
        let plain = Options {
            markdown: false,
            links: false,
        };
        let text = "**a** https://a.example";
        assert_eq!(
            parse(text, plain),
            [Block::Text(vec![Inline::Text(0..text.len())])]
        );
    }

    #[test]
    fn the_number_of_leaves_is_bounded() {
        let text = "*a* ".repeat(2_000);
        assert!(leaves(&parse(&text, ALL)).len() <= MAX_LEAVES + MAX_DEPTH + 2);
        let text = "- a\n".repeat(2_000);
        assert!(leaves(&parse(&text, ALL)).len() <= 2 * (MAX_LEAVES + 2));
    }

    /// Leaves lie in order within the text, and only markers lie between them.
    fn holds(text: &str, options: Options) {
        let mut end = 0;
        for leaf in leaves(&parse(text, options)) {
            assert!(leaf.start >= end && leaf.end >= leaf.start, "{text:?}");
            let between = &text[end..leaf.start];
            assert!(
                between
                    .chars()
                    .all(|c| c.is_whitespace() || "*_~`|>-+".contains(c)),
                "{between:?} of {text:?}"
            );
            assert!(text.get(leaf.clone()).is_some());
            end = leaf.end;
        }
        assert!(
            text[end..]
                .chars()
                .all(|c| c.is_whitespace() || "*_~`|>-+".contains(c))
        );
        if !options.markdown {
            let said: String = leaves(&parse(text, options))
                .into_iter()
                .map(|leaf| &text[leaf])
                .collect();
            assert_eq!(said, text);
        }
    }

    proptest! {
        #[test]
        fn no_text_gets_lost_whatever_it_is(text in "\\PC{0,200}", markdown: bool, links: bool) {
            holds(&text, Options { markdown, links });
        }

        #[test]
        fn no_text_of_many_markers_gets_lost(
            text in "([*_~`|>\n a1.é-]|\\*\\*|~~|```|https://a\\.b/|@05){0,80}",
        ) {
            holds(&text, ALL);
        }
    }
}
