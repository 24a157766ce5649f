//! Colours and signs: what each thing on the screen looks like, once, and how it is told apart without colour.
//!
//! The palette follows Okabe and Ito, which people with the common kinds of colour blindness can tell apart, in the 256
//! colours that every terminal of the field has. The scale of severities also rises in lightness; each level has a
//! sign of its own beside its colour.

use midair_vitals::Severity;
use ratatui::style::{Color, Modifier, Style};

use crate::model::Vital;

/// How bad a severity looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing is known.
    Unknown,
    /// Below 25 %.
    Well,
    /// From 25 %.
    Raised,
    /// From 50 %.
    High,
    /// From 75 %.
    Severe,
    /// From 90 %.
    Critical,
}

impl Level {
    /// The level of a severity.
    pub fn of(severity: Option<Severity>) -> Self {
        match severity.map(Severity::per_mille) {
            None => Self::Unknown,
            Some(0..250) => Self::Well,
            Some(250..500) => Self::Raised,
            Some(500..750) => Self::High,
            Some(750..900) => Self::Severe,
            Some(_) => Self::Critical,
        }
    }

    /// The sign beside a value of this level: readable without colour, silent where all is well.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Unknown | Self::Well | Self::Raised => " ",
            Self::High => "▵",
            Self::Severe => "▲",
            Self::Critical => "!",
        }
    }
}

/// What everything looks like.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// Values and names.
    pub plain: Style,
    /// Labels, units, what is old, what is not in use.
    pub dim: Style,
    /// Column heads.
    pub head: Style,
    /// What makes the head of the column that sorts stand out.
    pub sorted: Style,
    /// Lines between panels.
    pub border: Style,
    /// What makes any style stronger.
    pub strong: Style,
    /// Titles.
    pub title: Style,
    /// The row that is selected.
    pub selected: Style,
    /// What is live and well.
    pub live: Style,
    /// The header while the past is shown.
    pub past: Style,
    /// What needs attention.
    pub alarm: Style,
    /// What works in part.
    pub warn: Style,
    /// What is silent, late or gone.
    pub silent: Style,
    /// Marks on the time line.
    pub mark: Style,
    /// The moments of what is held, on the time line.
    pub held: Style,
    /// Names of keys.
    pub key: Style,
    /// Text being typed.
    pub typed: Style,
    vitals: [Style; 5],
    lows: [Style; 5],
    levels: [Style; 6],
}

impl Default for Theme {
    fn default() -> Self {
        Self::colour()
    }
}

impl Theme {
    /// The default: colours on a dark terminal.
    pub fn colour() -> Self {
        let fg = |n| Style::new().fg(Color::Indexed(n));
        Self {
            plain: Style::new(),
            dim: fg(245),
            head: fg(247),
            sorted: Style::new().add_modifier(Modifier::BOLD),
            border: fg(239),
            strong: Style::new().add_modifier(Modifier::BOLD),
            title: fg(252).add_modifier(Modifier::BOLD),
            selected: Style::new().bg(Color::Indexed(237)).add_modifier(Modifier::BOLD),
            live: fg(43),
            past: Style::new().fg(Color::Indexed(16)).bg(Color::Indexed(214)).add_modifier(Modifier::BOLD),
            alarm: fg(209).add_modifier(Modifier::BOLD),
            warn: fg(179),
            silent: fg(242),
            mark: fg(229).add_modifier(Modifier::BOLD),
            held: Style::new().fg(Color::Indexed(16)).bg(Color::Indexed(229)).add_modifier(Modifier::BOLD),
            key: fg(252).add_modifier(Modifier::BOLD),
            typed: fg(229),
            vitals: [fg(252), fg(75), fg(176), fg(214), fg(43)],
            lows: [fg(241), fg(67), fg(96), fg(136), fg(30)],
            levels: [fg(242), fg(66), fg(109), fg(179), fg(215), fg(209).add_modifier(Modifier::BOLD)],
        }
    }

    /// Without colour (`NO_COLOR`): bold, dim, underlined and reversed alone.
    pub fn monochrome() -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let dim = plain.add_modifier(Modifier::DIM);
        Self {
            plain,
            dim,
            head: dim,
            sorted: bold.remove_modifier(Modifier::DIM),
            border: dim,
            strong: bold,
            title: bold,
            selected: plain.add_modifier(Modifier::REVERSED),
            live: plain,
            past: bold.add_modifier(Modifier::REVERSED),
            alarm: bold,
            warn: plain,
            silent: dim,
            mark: bold,
            held: bold.add_modifier(Modifier::REVERSED),
            key: bold,
            typed: bold,
            vitals: [plain; 5],
            lows: [plain; 5],
            levels: [dim, dim, plain, plain, bold, bold],
        }
    }

    /// The colour of a vital, the same everywhere.
    pub fn vital(&self, vital: Vital) -> Style {
        match vital {
            Vital::Worst => self.vitals[0],
            Vital::Sched => self.vitals[1],
            Vital::Mem => self.vitals[2],
            Vital::Queue => self.vitals[3],
            Vital::Rate => self.vitals[4],
        }
    }

    /// The darker colour of a vital, for the lower half of a chart.
    pub fn low(&self, vital: Vital) -> Style {
        match vital {
            Vital::Worst => self.lows[0],
            Vital::Sched => self.lows[1],
            Vital::Mem => self.lows[2],
            Vital::Queue => self.lows[3],
            Vital::Rate => self.lows[4],
        }
    }

    /// The colour of a severity where it deserves one.
    pub fn level_or_plain(&self, level: Level) -> Style {
        match level {
            Level::Unknown | Level::Well => self.plain,
            Level::Raised | Level::High | Level::Severe | Level::Critical => self.level(level),
        }
    }

    /// The colour of a severity.
    pub fn level(&self, level: Level) -> Style {
        match level {
            Level::Unknown => self.levels[0],
            Level::Well => self.levels[1],
            Level::Raised => self.levels[2],
            Level::High => self.levels[3],
            Level::Severe => self.levels[4],
            Level::Critical => self.levels[5],
        }
    }
}

#[cfg(test)]
mod tests;
