//! Plain tables: columns two blanks apart, a rule under the head.

use unicode_width::UnicodeWidthStr;

/// On which side a column's text begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A table under construction.
pub struct Table {
    head: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns.
    pub fn new<'a>(head: impl IntoIterator<Item = (&'a str, Align)>) -> Self {
        let head = head.into_iter().map(|(text, align)| (text.to_owned(), align)).collect();
        Self { head, rows: Vec::new() }
    }

    /// Adds a row; missing cells stay empty.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The lines of the table.
    pub fn render(&self) -> String {
        let head: Vec<String> = self.head.iter().map(|(text, _)| text.clone()).collect();
        let widths: Vec<usize> = (0..head.len())
            .map(|column| {
                let cells = self.rows.iter().chain([&head]).filter_map(|row| row.get(column));
                cells.map(|cell| cell.width()).max().unwrap_or(0)
            })
            .collect();
        let rule: Vec<String> = widths.iter().map(|&width| "─".repeat(width)).collect();
        let mut text = String::new();
        for row in [&head, &rule].into_iter().chain(&self.rows) {
            let mut line = String::new();
            for (column, &width) in widths.iter().enumerate() {
                let cell = row.get(column).map_or("", String::as_str);
                let gap = if column > 0 { "  " } else { "" };
                let blanks = " ".repeat(width - cell.width());
                match self.head[column].1 {
                    Align::Left => line.extend([gap, cell, &blanks]),
                    Align::Right => line.extend([gap, &blanks, cell]),
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_under_each_other_and_no_line_ends_in_blanks() {
        let mut table = Table::new([("layer", Align::Left), ("params", Align::Right)]);
        table.row(["conv2d".to_owned(), "2,400".to_owned()]);
        table.row(["add".to_owned(), "0".to_owned()]);
        let expected = "layer   params\n──────  ──────\nconv2d   2,400\nadd          0\n";
        assert_eq!(table.render(), expected);
    }
}
