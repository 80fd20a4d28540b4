//! What a tier can do. The numbers are in [`crate::builtin_tiers`]; their meaning is here.

/// How much a tier knows about calendars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Calendar {
    /// Every month has 30 days.
    ThirtyDayMonths,
    /// Month lengths are known, leap years are not.
    NoLeapYears,
    /// Every fourth year is a leap year.
    JulianLeapYears,
    /// The Gregorian calendar.
    Gregorian,
}

/// How wordy free-form answers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// The answer alone.
    Terse,
    /// One sentence.
    Sentence,
    /// A sentence with a word about the method.
    Wordy,
}

/// The limits of one tier, read by every solver.
#[derive(Clone, Debug, PartialEq)]
pub struct Ability {
    /// Wording of free-form answers.
    pub style: Style,
    /// Characters of the last user message the tier attends to, counted from the end.
    pub window_chars: usize,
    /// User turns the tier remembers, the current one included.
    pub memory_turns: usize,
    /// Arithmetic: whether multiplication binds tighter than addition.
    pub precedence: bool,
    /// Arithmetic: operators worked through before giving up.
    pub max_operators: usize,
    /// Arithmetic: significant digits kept in a product.
    pub product_digits: u32,
    /// Units: how many entries of the unit table are known.
    pub known_units: usize,
    /// Units: significant digits of a remembered conversion factor.
    pub factor_digits: u32,
    /// Dates: the calendar known.
    pub calendar: Calendar,
    /// Extraction: how many wordings of each field are recognised.
    pub phrasings: usize,
    /// Extraction: whether a later correction overrides the first mention.
    pub corrections: bool,
    /// Sorting: whether signs are respected.
    pub signed_sort: bool,
    /// Sorting: items kept track of.
    pub max_items: usize,
    /// Counting: the largest count reached exactly.
    pub exact_count: usize,
    /// Counting: whether a longer word containing the wanted one is told apart.
    pub whole_words: bool,
    /// Ordering puzzles: clues held in mind.
    pub max_clues: usize,
    /// Rewriting: rules applied before stopping.
    pub max_rules: usize,
    /// Triage: how much of the ticket is weighed.
    pub reading: Reading,
    /// Yes/no facts: largest divisor tried when looking for a prime.
    pub max_divisor: i64,
    /// Characters after a format instruction beyond which the tier explains itself anyway.
    pub format_focus_chars: usize,
    /// Ledger: whether "undo the last entry" is understood.
    pub undo: bool,
}

/// How a ticket is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reading {
    /// The first known keyword decides.
    FirstKeyword,
    /// Matters the writer calls settled are set aside.
    SkipsSettled,
    /// As above, and the writer's speculation about causes is taken for the issue itself.
    Overthinks,
}

impl Ability {
    /// The ability that every generated task is solvable with; it is also every family's reference.
    pub fn full() -> Self {
        Self {
            style: Style::Terse,
            window_chars: usize::MAX,
            memory_turns: usize::MAX,
            precedence: true,
            max_operators: usize::MAX,
            product_digits: 18,
            known_units: usize::MAX,
            factor_digits: 15,
            calendar: Calendar::Gregorian,
            phrasings: usize::MAX,
            corrections: true,
            signed_sort: true,
            max_items: usize::MAX,
            exact_count: usize::MAX,
            whole_words: true,
            max_clues: usize::MAX,
            max_rules: usize::MAX,
            reading: Reading::SkipsSettled,
            max_divisor: i64::MAX,
            format_focus_chars: usize::MAX,
            undo: true,
        }
    }
}
