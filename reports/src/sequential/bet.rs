//! One question of one candidate, and the e-process that bets on its answer.

use weighbridge_record::{ChangeInfo, Question};

use crate::stats::StatsError;
use crate::stats::betting::{GainBet, LossMixture};

/// A question under watch.
#[derive(Debug, Clone)]
pub(super) struct Bet {
    pub(super) question: Question,
    pub(super) slice: String,
    player: Player,
    /// Logarithm of what earlier attempts on other samples showed.
    pub(super) carried: f64,
    /// Logarithm of what must be reached; `None` where a family decides together.
    pub(super) log_threshold: Option<f64>,
    pub(super) decided: bool,
    /// Largest logarithm so far, carried evidence included; at least 0.
    pub(super) log_peak: f64,
}

#[derive(Debug, Clone)]
enum Player {
    Gain(GainBet),
    Loss(LossMixture),
}

/// What a bet is about.
pub(super) struct Subject<'a> {
    pub(super) change: Option<&'a ChangeInfo>,
    pub(super) candidate: &'a str,
    pub(super) slice: &'a str,
}

impl Bet {
    /// On a mean above `-margin`: decided at `1/alpha`.
    pub(super) fn gain(
        subject: &Subject<'_>,
        question: Question,
        margin: f64,
        alpha: f64,
    ) -> Result<Self, StatsError> {
        let bet = GainBet::new(-margin, alpha)?;
        let threshold = Some((1.0 / alpha).ln());
        Ok(Self::new(subject, question, Player::Gain(bet), threshold))
    }

    /// On a mean below `-margin`. Decided at `1/alpha`, or by its family without an alpha.
    pub(super) fn loss(
        subject: &Subject<'_>,
        question: Question,
        margin: f64,
        alpha: Option<f64>,
    ) -> Result<Self, StatsError> {
        let bet = LossMixture::new(-margin)?;
        let threshold = alpha.map(|alpha| (1.0 / alpha).ln());
        Ok(Self::new(subject, question, Player::Loss(bet), threshold))
    }

    fn new(
        subject: &Subject<'_>,
        question: Question,
        player: Player,
        log_threshold: Option<f64>,
    ) -> Self {
        let carried = subject
            .change
            .map(|change| change.carried(subject.candidate, subject.slice, question));
        let (carried, decided) = carried.unwrap_or((0.0, false));
        let mut bet = Self {
            question,
            slice: subject.slice.to_owned(),
            player,
            carried,
            log_threshold,
            decided,
            log_peak: 0.0,
        };
        bet.look();
        bet
    }

    /// Adds the mean difference of one block. A value out of range proves nothing and is left out; it
    /// cannot come from scores in `[0, 1]`.
    pub(super) fn push(&mut self, d: f64) {
        let _ = match &mut self.player {
            Player::Gain(bet) => bet.push(d),
            Player::Loss(bet) => bet.push(d),
        };
        self.look();
    }

    fn look(&mut self) {
        let log_e = self.log_e();
        self.log_peak = self.log_peak.max(log_e);
        self.decided |= self.log_threshold.is_some_and(|limit| log_e >= limit);
    }

    /// Logarithm of the e-value of this attempt alone.
    pub(super) fn own_log_e(&self) -> f64 {
        match &self.player {
            Player::Gain(bet) => bet.log_e_value(),
            Player::Loss(bet) => bet.log_e_value(),
        }
    }

    /// Logarithm of the e-value, carried evidence included.
    pub(super) fn log_e(&self) -> f64 {
        self.carried + self.own_log_e()
    }

    /// Most that one block can add.
    pub(super) fn most_gain(&self) -> f64 {
        match &self.player {
            Player::Gain(bet) => bet.most_gain(),
            Player::Loss(_) => f64::INFINITY,
        }
    }

    /// Blocks without a difference that would decide it, at most `most`.
    pub(super) fn quiet_blocks_needed(&self, most: u64) -> Option<u64> {
        let mut ahead = self.clone();
        (0..=most).find(|_| {
            let done = ahead.decided;
            if !done {
                ahead.push(0.0);
            }
            done
        })
    }
}
