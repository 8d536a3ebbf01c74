//! The known name that is closest to a mistyped one.

/// The closest of the known names, if it is close enough to be a slip of the pen.
pub fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (distance(&wanted, &candidate.to_lowercase()), candidate))
        .min_by_key(|(distance, _)| *distance)
        // A third of the letters, at least one: further away is another word.
        .filter(|(distance, _)| *distance <= (wanted.chars().count() / 3).max(1))
        .map(|(_, candidate)| candidate)
}

/// Letters to insert, delete or replace to turn `a` into `b` (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_another_word_finds_none() {
        assert_eq!(closest("Conv2d", ["Conv1D", "Conv2D"]), Some("Conv2D"));
        assert_eq!(closest("kernal_size", ["filters", "kernel_size"]), Some("kernel_size"));
        assert_eq!(closest("Transformer", ["Conv2D", "Dense"]), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
