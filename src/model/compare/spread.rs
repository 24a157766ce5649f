//! One value over the nodes of a side: of one node the value itself, of a group its median and its spread.

/// Where the values of a side lie. Unknown ones are left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Of how many nodes it is known.
    pub n: usize,
    /// The lowest.
    pub lowest: f64,
    /// A quarter lies below.
    pub low: f64,
    /// Half lies below.
    pub median: f64,
    /// A quarter lies above.
    pub high: f64,
    /// The highest.
    pub highest: f64,
    /// Median of the distances from the median: one wild node does not widen it.
    pub mad: f64,
}

impl Spread {
    /// Of values in any order; what is no number is left out. `None` where nothing is known.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut known: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        known.sort_by(f64::total_cmp);
        let (lowest, highest) = (*known.first()?, *known.last()?);
        let median = at(&known, 0.5);
        let mut distances: Vec<f64> = known.iter().map(|value| (value - median).abs()).collect();
        distances.sort_by(f64::total_cmp);
        Some(Self {
            n: known.len(),
            lowest,
            low: at(&known, 0.25),
            median,
            high: at(&known, 0.75),
            highest,
            mad: at(&distances, 0.5),
        })
    }
}

/// The value below which a share of the sorted values lies; between two of them in proportion.
fn at(sorted: &[f64], share: f64) -> f64 {
    let place = share * sorted.len().saturating_sub(1) as f64;
    let (below, part) = (place.floor() as usize, place.fract());
    let value = |n: usize| sorted.get(n).or(sorted.last()).copied().unwrap_or(0.0);
    let (a, b) = (value(below), value(below + 1));
    if part > 0.0 { a + (b - a) * part } else { a }
}
