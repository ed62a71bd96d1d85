//! How long something takes, in words, as people set it.

/// `1 day`, `5 minutes`, `90 seconds`: in the greatest unit that needs no rest.
pub fn words(seconds: &u32) -> String {
    const UNITS: [(u32, &str); 5] =
        [(7 * 86_400, "week"), (86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let unit = UNITS.iter().find(|(length, _)| seconds.is_multiple_of(*length) && seconds >= length);
    let (length, name) = unit.unwrap_or(&UNITS[4]);
    let count = seconds / length;
    if count == 1 { format!("1 {name}") } else { format!("{count} {name}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_said_in_the_greatest_unit_that_fits() {
        for (seconds, said) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (90, "90 seconds"),
            (300, "5 minutes"),
            (3_600, "1 hour"),
            (28_800, "8 hours"),
            (86_400, "1 day"),
            (604_800, "1 week"),
            (2_419_200, "4 weeks"),
            (31_536_000, "365 days"),
        ] {
            assert_eq!(words(&seconds), said);
        }
    }
}
