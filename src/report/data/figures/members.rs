//! The figures of tiles of members.

use super::{List, change_unit, hundredths, unit};
use crate::report::data::{Bars, Compared, Contributions, Member, Rows, difference};
use crate::report::figure::Figure;
use crate::report::resolve::{Item, Table};

impl List<'_> {
    pub(super) fn contributions(&mut self, item: &Item, data: &Contributions) {
        let count = |n: usize| i128::try_from(n).ok().map(Figure::whole);
        for member in data.shown() {
            self.contribution(item, &member.key, &member.compared, data);
        }
        if let Some(others) = &data.others {
            self.contribution(item, "others", &others.compared, data);
            self.add("others.count", count(others.count), "");
        }
        self.contribution(item, "total", &data.total, data);
        let sum = |members: &[Member]| members.iter().filter_map(Member::change).reduce(Figure::plus);
        self.add("largest_gains", sum(&data.gains), unit(item));
        self.add("largest_losses", sum(&data.losses), unit(item));
        let share = data.lead_share().map(|share| share.times(Figure::whole(100)));
        self.add("lead_share", share, "%");
    }

    pub(super) fn bars(&mut self, item: &Item, bars: &Bars) {
        let measure = &item.measure;
        for member in &bars.members {
            let Compared { this, previous, average } = member.compared;
            self.row(&member.key, [this, previous, average], unit(item));
            let change = hundredths(item, member.compared.change_from_average(measure));
            self.add(&format!("{}.change", member.key), change, change_unit(item));
        }
        self.compared(item, &bars.total);
    }

    fn contribution(&mut self, item: &Item, name: &str, compared: &Compared, data: &Contributions) {
        let Compared { this, previous, average } = *compared;
        self.row(name, [this, previous, average], unit(item));
        let moved = difference(compared);
        self.add(&format!("{name}.change"), moved, unit(item));
        let share = hundredths(item, compared.change(&item.measure));
        self.add(&format!("{name}.change_share"), share, change_unit(item));
        let points = moved.zip(data.total.previous).and_then(|(change, all)| change.over(all));
        self.add(&format!("{name}.points"), points.map(|points| points.times(Figure::whole(100))), "pts");
    }

    pub(super) fn table(&mut self, table: &Table, rows: &Rows) {
        let named = rows.rows.iter().map(|row| {
            let members = table.by.iter().zip(&row.members).filter(|(by, _)| !by.are_days);
            let members = members.map(|(_, member)| member.as_deref().unwrap_or("unknown"));
            (members.collect::<Vec<_>>().join("."), &row.values)
        });
        let others = rows.others.iter().map(|(_, values)| ("others".to_owned(), values));
        for (name, values) in named.chain(others).chain([("total".to_owned(), &rows.total)]) {
            for ((item, number), value) in table.items.iter().zip(&rows.numbers).zip(values) {
                self.add(&format!("{name}.{number}"), *value, unit(item));
            }
        }
        if let Some((_, share)) = rows.lead(table) {
            self.add("lead_share", share.map(|share| share.times(Figure::whole(100))), "%");
        }
    }
}
