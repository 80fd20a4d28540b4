//! Day arithmetic under calendars of growing correctness.

use crate::ability::Calendar;

/// Year, month (1..=12), day (1..=31).
pub(super) type Date = (i64, i64, i64);

const LENGTHS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

impl Calendar {
    fn leap(self, year: i64) -> bool {
        match self {
            Calendar::ThirtyDayMonths | Calendar::NoLeapYears => false,
            Calendar::JulianLeapYears => year % 4 == 0,
            Calendar::Gregorian => year % 4 == 0 && (year % 100 != 0 || year % 400 == 0),
        }
    }

    /// Days of a month.
    pub(super) fn month_days(self, year: i64, month: i64) -> i64 {
        if self == Calendar::ThirtyDayMonths {
            return 30;
        }
        LENGTHS[(month - 1).clamp(0, 11) as usize] + i64::from(month == 2 && self.leap(year))
    }

    /// The date `days` (not negative) after `date`.
    pub(super) fn add(self, (mut year, mut month, mut day): Date, days: i64) -> Date {
        day += days;
        while day > self.month_days(year, month) {
            day -= self.month_days(year, month);
            month += 1;
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
        (year, month, day)
    }

    /// The weekday of `date`, Monday as 0, counted from a remembered one: 1 January 2023, a Sunday.
    pub(super) fn weekday(self, date: Date) -> usize {
        let days = self.ordinal(date) - self.ordinal((2023, 1, 1));
        (days + 6).rem_euclid(7) as usize
    }

    /// Days since 1 January 1800.
    fn ordinal(self, (year, month, day): Date) -> i64 {
        let year_days = |y| (1..=12).map(|m| self.month_days(y, m)).sum::<i64>();
        let years: i64 = (1800..year).map(year_days).sum();
        years + (1..month).map(|m| self.month_days(year, m)).sum::<i64>() + day - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gregorian_knows_centuries() {
        let g = Calendar::Gregorian;
        assert_eq!(g.add((1900, 2, 28), 1), (1900, 3, 1));
        assert_eq!(g.add((2000, 2, 28), 1), (2000, 2, 29));
        assert_eq!(
            Calendar::JulianLeapYears.add((1900, 2, 28), 1),
            (1900, 2, 29)
        );
        assert_eq!(Calendar::NoLeapYears.add((2024, 2, 28), 1), (2024, 3, 1));
    }

    #[test]
    fn known_weekdays() {
        let g = Calendar::Gregorian;
        // 20 July 1969 was a Sunday, 1 January 2000 a Saturday, 29 February 2024 a Thursday.
        assert_eq!(g.weekday((1969, 7, 20)), 6);
        assert_eq!(g.weekday((2000, 1, 1)), 5);
        assert_eq!(g.weekday((2024, 2, 29)), 3);
    }
}
