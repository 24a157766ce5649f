//! Meters: how full something is, in eighths of a cell.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::pen::Pen;

/// Blocks from one eighth to full, upright.
pub const UPRIGHT: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

const LYING: [&str; 8] = ["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"];

/// A lying bar of a share between 0 and 1, as wide as asked; the empty rest is a faint line.
pub fn bar(pen: &mut Pen<'_>, columns: u16, share: Option<f64>, style: Style, rest: Style) {
    let columns = columns.min(pen.left());
    let eighths = share.map_or(0, |s| (s.clamp(0.0, 1.0) * f64::from(columns) * 8.0).round() as usize);
    let full = "█".repeat(eighths / 8);
    let part = if !eighths.is_multiple_of(8) { LYING[eighths % 8 - 1] } else { "" };
    let used = eighths.div_ceil(8);
    let blank = if share.is_some() { "·" } else { " " };
    pen.put(&full, style).put(part, style);
    pen.put(&blank.repeat(usize::from(columns).saturating_sub(used)), rest);
}

/// A lying bar as text, so many columns long at the most; nothing where the share is unknown.
pub fn text(share: Option<f64>, columns: usize) -> String {
    let eighths = share.map_or(0, |s| (s.clamp(0.0, 1.0) * columns as f64 * 8.0).round() as usize);
    let part = if eighths.is_multiple_of(8) { "" } else { LYING[eighths % 8 - 1] };
    format!("{}{part}", "█".repeat(eighths / 8))
}

/// One upright block per share, as for the cores of a host. What does not fit is folded: each block is then the
/// highest of several, and the number returned says of how many.
pub fn blocks(buffer: &mut Buffer, area: Rect, shares: &[Option<f64>], style: impl Fn(Option<f64>) -> Style) -> usize {
    let room = usize::from(area.width) * usize::from(area.height);
    if shares.is_empty() || room == 0 {
        return 1;
    }
    let fold = shares.len().div_ceil(room);
    for (n, several) in shares.chunks(fold).enumerate() {
        let highest = several.iter().flatten().copied().reduce(f64::max);
        let x = area.x + (n % usize::from(area.width)) as u16;
        let y = area.y + (n / usize::from(area.width)) as u16;
        if let Some(cell) = buffer.cell_mut((x, y)) {
            cell.set_symbol(upright(highest)).set_style(style(highest));
        }
    }
    fold
}

/// The upright block of a share between 0 and 1; `·` where it is unknown.
pub fn upright(share: Option<f64>) -> &'static str {
    share.map_or("·", |s| UPRIGHT[((s.clamp(0.0, 1.0) * 8.0).ceil() as usize).clamp(1, 8) - 1])
}

#[cfg(test)]
mod tests;
