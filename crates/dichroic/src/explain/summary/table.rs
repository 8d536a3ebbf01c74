//! A table of boxes, as the `rich` library draws it for Keras: column widths, wrapping, cutting.

use unicode_width::UnicodeWidthChar;

use super::Color;

/// How a piece of text is shown in a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Plain,
    Bold,
    Number,
    Open,
    Class,
    Yes,
    No,
}

impl Ink {
    /// The terminal's code; Keras's colours of the 256-colour palette.
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "\x1b[1m",
            Self::Number => "\x1b[38;5;34m",
            Self::Open => "\x1b[38;5;45m",
            Self::Class => "\x1b[38;5;33m",
            Self::Yes => "\x1b[1;38;5;34m",
            Self::No => "\x1b[1;38;5;9m",
        }
    }
}

/// Letters with their ink.
#[derive(Clone, Debug, Default)]
pub(super) struct Text(Vec<(char, Ink)>);

impl Text {
    pub(super) fn of(text: &str, ink: Ink) -> Self {
        Self::default().with(text, ink)
    }

    pub(super) fn with(mut self, text: &str, ink: Ink) -> Self {
        self.0.extend(text.chars().map(|letter| (letter, ink)));
        self
    }

    /// A text in which every number has the ink of numbers.
    pub(super) fn with_numbers(mut self, text: &str) -> Self {
        self.0.extend(text.chars().map(|letter| {
            (letter, if letter.is_ascii_digit() { Ink::Number } else { Ink::Plain })
        }));
        self
    }

    /// The columns that it takes in a terminal.
    pub(super) fn width(&self) -> usize {
        width(&self.0)
    }

    /// The text with codes where the ink changes.
    pub(super) fn print(&self, color: Color) -> String {
        let mut printed = String::with_capacity(self.0.len());
        let mut now = Ink::Plain;
        for &(letter, ink) in &self.0 {
            if color == Color::Ansi && ink != now {
                if now != Ink::Plain {
                    printed.push_str("\x1b[0m");
                }
                printed.push_str(ink.code());
                now = ink;
            }
            printed.push(letter);
        }
        if now != Ink::Plain {
            printed.push_str("\x1b[0m");
        }
        printed
    }

    /// The lines of the text in a width: broken at blanks only, a word that is too long cut with `…`.
    fn wrapped(&self, room: usize) -> Vec<Text> {
        let mut lines: Vec<Vec<(char, Ink)>> = Vec::new();
        let mut line: Vec<(char, Ink)> = Vec::new();
        let mut at = 0;
        while at < self.0.len() {
            // A word has the blanks after it; those before the first word belong to that word.
            let blank = |place: &usize| self.0[*place].0 == ' ';
            let mut end = at;
            if at == 0 {
                end = (at..self.0.len()).find(|place| !blank(place)).unwrap_or(self.0.len());
            }
            end = (end..self.0.len()).find(blank).unwrap_or(self.0.len());
            let word = width(&self.0[at..end]);
            end = (end..self.0.len()).find(|place| !blank(place)).unwrap_or(self.0.len());
            if !line.is_empty() && self::width(&line) + word > room {
                lines.push(std::mem::take(&mut line));
            }
            line.extend_from_slice(&self.0[at..end]);
            at = end;
        }
        lines.push(line);
        lines.into_iter().map(|line| Text(line).cut(room)).collect()
    }

    fn cut(mut self, room: usize) -> Text {
        while self.0.last().is_some_and(|(letter, _)| *letter == ' ') {
            self.0.pop();
        }
        if self.width() > room {
            while self.width() > room.saturating_sub(1) {
                self.0.pop();
            }
            let ink = self.0.last().map_or(Ink::Plain, |(_, ink)| *ink);
            self.0.push(('…', ink));
        }
        self
    }
}

fn width(letters: &[(char, Ink)]) -> usize {
    letters.iter().map(|(letter, _)| letter.width().unwrap_or(0)).sum()
}

/// Where a text stands in its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
    Centre,
}

/// A column: its header and where its texts stand.
#[derive(Clone, Debug)]
pub(super) struct Heading {
    pub(super) title: String,
    pub(super) align: Align,
}

/// The widths of the texts in a table of `total` places, for columns that ask for `asked` places.
///
/// A column needs two places more for blanks and the table one for each rule; what is too much is taken off from the
/// left, each column giving its even share of what is left (halves rounded to even numbers).
pub(super) fn widths(asked: &[usize], total: usize) -> Vec<usize> {
    let columns = asked.len();
    let mut cells: Vec<usize> = asked.iter().map(|width| width + 2).collect();
    let room = total.saturating_sub(columns + 1);
    let mut excess = cells.iter().sum::<usize>().saturating_sub(room);
    for (index, cell) in cells.iter_mut().enumerate() {
        let less = round_half_even(excess, columns - index).min(*cell);
        *cell -= less;
        excess -= less.min(excess);
    }
    cells.into_iter().map(|cell| cell.saturating_sub(2).max(1)).collect()
}

fn round_half_even(number: usize, divisor: usize) -> usize {
    let (quotient, rest) = (number / divisor, number % divisor);
    match (2 * rest).cmp(&divisor) {
        std::cmp::Ordering::Less => quotient,
        std::cmp::Ordering::Greater => quotient + 1,
        std::cmp::Ordering::Equal => quotient + quotient % 2,
    }
}

/// The table, each line ended.
pub(super) fn draw(
    headings: &[Heading],
    rows: &[Vec<Text>],
    widths: &[usize],
    color: Color,
) -> String {
    let rule = |left: &str, fill: &str, joint: &str, right: &str| {
        let parts: Vec<String> = widths.iter().map(|width| fill.repeat(width + 2)).collect();
        format!("{left}{}{right}\n", parts.join(joint))
    };
    let titles: Vec<Text> =
        headings.iter().map(|heading| Text::of(&heading.title, Ink::Bold)).collect();
    let mut drawn = rule("┏", "━", "┳", "┓");
    drawn += &lines(&titles, headings, widths, ("┃", color));
    drawn += &rule("┡", "━", "╇", "┩");
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            drawn += &rule("├", "─", "┼", "┤");
        }
        drawn += &lines(row, headings, widths, ("│", color));
    }
    drawn + &rule("└", "─", "┴", "┘")
}

fn lines(
    row: &[Text],
    headings: &[Heading],
    widths: &[usize],
    (bar, color): (&str, Color),
) -> String {
    let cells: Vec<Vec<Text>> =
        row.iter().zip(widths).map(|(text, width)| text.wrapped(*width)).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or(1);
    let mut drawn = String::new();
    let empty = Text::default();
    for line in 0..height {
        drawn += bar;
        for ((cell, heading), width) in cells.iter().zip(headings).zip(widths) {
            let text = cell.get(line).unwrap_or(&empty);
            let free = width.saturating_sub(text.width());
            let before = match heading.align {
                Align::Left => 0,
                Align::Right => free,
                Align::Centre => free / 2,
            };
            let (before, after) = (" ".repeat(before), " ".repeat(free - before));
            drawn += &format!(" {before}{}{after} {bar}", text.print(color));
        }
        drawn.push('\n');
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str, width: usize) -> Vec<String> {
        let lines = Text::of(text, Ink::Plain).wrapped(width);
        lines.iter().map(|line| line.print(Color::Plain)).collect()
    }

    #[test]
    fn widths_are_those_measured_on_keras() {
        assert_eq!(widths(&[34, 26, 16], 76), [31, 22, 13]);
        assert_eq!(widths(&[39, 31, 18], 88), [36, 27, 15]);
        assert_eq!(widths(&[22, 20, 14, 20], 76), [19, 17, 10, 17]);
        assert_eq!(widths(&[32, 28, 19, 29], 108), [29, 25, 15, 26]);
        assert_eq!(widths(&[30, 24, 14, 8], 76), [27, 21, 10, 5]);
    }

    #[test]
    fn a_cell_breaks_at_blanks_and_cuts_a_long_word() {
        assert_eq!(
            printed("batch_normalization (BatchNormalization)", 19),
            ["batch_normalization", "(BatchNormalizatio…"]
        );
        assert_eq!(printed("(None, 32, 32, 16)", 17), ["(None, 32, 32,", "16)"]);
        assert_eq!(printed("   └ conv2d (Conv2D)", 40), ["   └ conv2d (Conv2D)"]);
        assert_eq!(printed("", 5), [""]);
        // A Chinese character takes two columns.
        assert_eq!(printed("卷积核 conv", 6), ["卷积核", "conv"]);
        assert_eq!(printed("卷积核", 4), ["卷…"]);
    }
}
