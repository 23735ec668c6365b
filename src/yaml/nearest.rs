//! "Did you mean": the known name nearest to one that is not known.

/// The name in `known` that `name` most likely stands for, if any is near enough.
///
/// Case, hyphens and spaces do not count; swapped neighbours are one slip; a third of the letters may differ.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', ' '], "_");
    let wanted = plain(name);
    let allowed = (wanted.chars().count() / 3).max(1);
    known
        .map(|candidate| (strsim::osa_distance(&wanted, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.chars().count())
        .min()
        .map(|(_, candidate)| candidate)
}

/// The end of a message about a name that is not known: `; did you mean 'revenue'?`, or nothing.
pub fn hint<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(name, known).map(|meant| format!("; did you mean '{meant}'?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_but_not_strangers() {
        let known = || ["revenue", "lines", "units", "aov", "sold_at", "household_size"].into_iter();
        assert_eq!(nearest("revnue", known()), Some("revenue"));
        assert_eq!(nearest("Revenue", known()), Some("revenue"));
        assert_eq!(nearest("household-size", known()), Some("household_size"));
        assert_eq!(nearest("avo", known()), Some("aov"));
        assert_eq!(nearest("sold", known()), None);
        assert_eq!(nearest("x", known()), None);
        assert_eq!(nearest("", known()), None);
        assert_eq!(nearest("revenue", std::iter::empty()), None);
    }

    #[test]
    fn a_tie_goes_to_the_first_by_name() {
        assert_eq!(nearest("bay", ["day", "bad"].into_iter()), Some("bad"));
    }
}
