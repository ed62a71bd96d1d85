//! The table that is printed: what was measured, what it may be, and whether it is.

use std::fmt;

/// Sorted figures of one thing.
#[derive(Debug, Clone)]
pub(crate) struct Figures(Vec<f64>);

impl Figures {
    pub(crate) fn new(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// The value that this part (0.5: half) is not above.
    pub(crate) fn at(&self, part: f64) -> f64 {
        let at = ((self.0.len() as f64 - 1.0) * part).round() as usize;
        self.0.get(at).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn p50(&self) -> f64 {
        self.at(0.5)
    }

    pub(crate) fn max(&self) -> f64 {
        self.at(1.0)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// What a figure may be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Budget {
    /// Told, not judged.
    None,
    AtMost(f64),
}

use Budget::AtMost;

#[derive(Debug, Default)]
pub(crate) struct Table {
    over: Vec<String>,
}

impl Table {
    pub(crate) fn title(&self, title: &str) {
        println!("\n{title}");
        println!("{:<64} {:>10} {:<5} {:>10} {:>10}", "", "measured", "", "budget", "limit");
    }

    /// A figure, its unit, what it may be, and the limit that was measured beside it.
    pub(crate) fn line(&mut self, what: &str, value: f64, unit: &str, budget: Budget, limit: Option<f64>) {
        let number = |value: f64| Number(value).to_string();
        let (may, word) = match budget {
            Budget::None => (String::new(), ""),
            // A figure that is missing keeps no budget.
            AtMost(most) if value <= most => (number(most), "ok"),
            AtMost(most) => (number(most), "OVER"),
        };
        if word == "OVER" {
            self.over.push(format!("{what}: {} {unit}, may be {may}", number(value)));
        }
        let limit = limit.map(number).unwrap_or_default();
        println!("{what:<64} {:>10} {unit:<5} {may:>10} {limit:>10} {word}", number(value));
    }

    pub(crate) fn note(&self, text: &str) {
        println!("  {text}");
    }

    /// Says what is over; true if nothing is.
    pub(crate) fn end(&self) -> bool {
        if self.over.is_empty() {
            println!("\nevery budget is kept");
        } else {
            println!("\nover budget:\n{}", self.over.join("\n"));
        }
        self.over.is_empty()
    }
}

/// As many digits as say something.
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.abs() {
            0.0 => write!(f, "0"),
            ..10.0 => write!(f, "{:.2}", self.0),
            ..100.0 => write!(f, "{:.1}", self.0),
            _ => write!(f, "{:.0}", self.0),
        }
    }
}
