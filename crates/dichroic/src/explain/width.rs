//! Columns that a text takes in a terminal, where a Chinese character takes two.

use unicode_width::UnicodeWidthStr;

/// The columns of a text.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The text with blanks after it, `width` columns in all.
pub(super) fn padded_right(text: &str, width: usize) -> String {
    format!("{text}{}", blanks(text, width))
}

/// The text with blanks before it, `width` columns in all.
pub(super) fn padded_left(text: &str, width: usize) -> String {
    format!("{}{text}", blanks(text, width))
}

fn blanks(text: &str, width: usize) -> String {
    " ".repeat(width.saturating_sub(text.width()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chinese_character_takes_two_columns() {
        assert_eq!(padded_right("偏置", 6), "偏置  ");
        assert_eq!(padded_left("bias", 6), "  bias");
        assert_eq!(width("5×5 …"), 5);
    }
}
