//! What members did to a change: the one that gained most and the one that lost most, and what the largest come to.

use super::line::Clause;
use super::{member, percent, title, whole};
use crate::report::data::{Contributions, Member};
use crate::report::figure::Figure;
use crate::report::locale::Locale;
use crate::report::resolve::Contributions as Asked;

/// What is said of members: as a page's headline, and as their tile's title.
pub fn contributions(locale: &Locale, asked: &Asked, data: &Contributions) -> (Vec<Clause>, Vec<Clause>) {
    let says = Says { locale, asked, data };
    if data.change().is_none() {
        return (says.largest(), says.largest_together());
    }
    (says.extremes(), says.sums())
}

struct Says<'a> {
    locale: &'a Locale,
    asked: &'a Asked,
    data: &'a Contributions,
}

impl Says<'_> {
    fn text(&self, key: &str, values: &[(&str, &str)]) -> String {
        let own = |words: Option<&crate::model::Text>, key: &str| {
            words
                .and_then(|words| words.get(self.locale.name))
                .map_or_else(|| self.locale.text(key, &[]), str::to_owned)
        };
        let (verb, all) = (
            own(self.asked.verb.as_ref(), "contributions.verb"),
            own(self.asked.whole.as_ref(), "contributions.whole"),
        );
        let measure = self.locale.lowered(title(self.locale, &self.asked.item));
        let (one, many) = &self.asked.nouns;
        let noun = |words: &crate::model::Text| words.get(self.locale.name).unwrap_or_default().to_owned();
        let (one, many) = (noun(one), noun(many));
        let mut all: Vec<(&str, &str)> =
            vec![("verb", &verb), ("whole", &all), ("measure", &measure), ("one", &one), ("many", &many)];
        all.extend(values);
        self.locale.text(key, &all)
    }

    fn named(&self, of: &Member) -> String {
        self.locale.lowered(&member(self.locale, &self.asked.by, Some(&of.key)).0)
    }

    fn amount(&self, figure: Figure) -> String {
        whole(self.locale, &self.asked.item, figure.distance())
    }

    /// The largest gain and the largest loss, that of the total's sign first, with its part of the total.
    fn extremes(&self) -> Vec<Clause> {
        let total = self.data.change().unwrap_or(Figure::ZERO);
        let mut told: Vec<(&Member, Figure)> =
            [self.data.gains.first(), self.data.losses.last()].into_iter().flatten().filter_map(moved).collect();
        told.sort_by_key(|(_, change)| change.is_negative() != total.is_negative());
        let Some((lead, change)) = told.first() else {
            return vec![Clause::new(self.text("contributions.none", &[])).mandatory()];
        };
        let key = if change.is_negative() { "contributions.lost" } else { "contributions.gained" };
        let mut clauses = vec![
            Clause::new(self.text(key, &[("member", &self.named(lead)), ("x", &self.amount(*change))])).mandatory(),
        ];
        if let Some(share) = self.data.lead_share() {
            let share = percent(self.locale, share);
            let key = if total.is_negative() { "contributions.share_fall" } else { "contributions.share_rise" };
            clauses.push(Clause::new(self.text(key, &[("share", &share)])));
        }
        if let Some((other, change)) = told.get(1) {
            let key = if change.is_negative() { "contributions.then_lost" } else { "contributions.then_gained" };
            clauses.push(Clause::new(self.text(key, &[("member", &self.named(other)), ("y", &self.amount(*change))])));
        }
        clauses
    }

    /// What the members come to that gained most, and those that lost most.
    fn sums(&self) -> Vec<Clause> {
        let sum = |members: &[Member]| {
            members.iter().filter_map(Member::change).reduce(Figure::plus).map(|sum| (members.len(), sum))
        };
        let counted = |key: &str, n: usize, amount: (&str, &str)| {
            let (count, digits) = (self.locale.count(n), n.to_string());
            self.text(&self.locale.form(key, n), &[("count", &count), ("n", &digits), amount])
        };
        match (sum(&self.data.gains), sum(&self.data.losses)) {
            (Some((n, gained)), lost) => {
                let lead = counted("contributions.title_gains", n, ("x", &self.amount(gained)));
                let then = lost.map(|(n, lost)| {
                    Clause::new(counted("contributions.title_then_losses", n, ("y", &self.amount(lost))))
                });
                std::iter::once(Clause::new(lead).mandatory()).chain(then).collect()
            }
            (None, Some((n, lost))) => {
                vec![Clause::new(counted("contributions.title_losses", n, ("x", &self.amount(lost)))).mandatory()]
            }
            (None, None) => vec![Clause::new(self.text("contributions.none", &[])).mandatory()],
        }
    }

    /// Without a week before: the largest member, and its part of all.
    fn largest(&self) -> Vec<Clause> {
        let told = self.data.gains.first().and_then(|lead| {
            let value = lead.compared.this?;
            let share = percent(self.locale, value.over(self.data.total.this?)?);
            let values = [("member", self.named(lead)), ("x", self.amount(value)), ("share", share)];
            Some(self.text("contributions.no_previous", &values.each_ref().map(|(name, text)| (*name, text.as_str()))))
        });
        told.map(|told| Clause::new(told).mandatory()).into_iter().collect()
    }

    /// Without a week before: what the largest members come to.
    fn largest_together(&self) -> Vec<Clause> {
        let n = self.data.gains.len();
        let sum = self.data.gains.iter().filter_map(|member| member.compared.this).reduce(Figure::plus);
        let told = sum.map(|sum| {
            let (count, digits, x) = (self.locale.count(n), n.to_string(), self.amount(sum));
            let key = self.locale.form("contributions.title_no_previous", n);
            Clause::new(self.text(&key, &[("count", &count), ("n", &digits), ("x", &x)])).mandatory()
        });
        told.into_iter().collect()
    }
}

/// A member and how far it moved, if it did.
fn moved(member: &Member) -> Option<(&Member, Figure)> {
    Some((member, member.change()?))
}
