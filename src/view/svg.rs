//! Cells as SVG: text as text, blocks and lines as shapes, so that they meet whatever the font.

use std::collections::BTreeMap;

use ratatui::{
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
};

const WIDTH: f64 = 8.4;
const HEIGHT: f64 = 18.0;
const MARGIN: f64 = 10.0;
const PAPER: &str = "#12141a";
const INK: &str = "#d4d4d4";

/// The picture of a screen.
pub fn of(buffer: &Buffer) -> String {
    let (columns, rows) = (f64::from(buffer.area.width), f64::from(buffer.area.height));
    let (width, height) = (columns * WIDTH + 2.0 * MARGIN, rows * HEIGHT + 2.0 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" font-family=\"ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{PAPER}\"/>\n<g transform=\"translate({MARGIN} {MARGIN})\">\n"
    );
    let mut shapes = Shapes::default();
    let mut texts = String::new();
    for y in 0..buffer.area.height {
        for run in runs(buffer, y) {
            run.draw(&mut shapes, &mut texts);
        }
    }
    shapes.write(&mut svg);
    svg.push_str(&texts);
    svg.push_str("</g>\n</svg>\n");
    svg
}

/// Cells of a row that look alike.
struct Run {
    x: u16,
    y: u16,
    looks: Looks,
    symbols: Vec<String>,
}

#[derive(Clone, PartialEq)]
struct Looks {
    ink: String,
    paper: Option<String>,
    is_bold: bool,
    is_underlined: bool,
    is_dim: bool,
}

/// Filled areas and strokes by colour: one path each keeps the file small.
#[derive(Default)]
struct Shapes {
    papers: BTreeMap<String, String>,
    blocks: BTreeMap<String, String>,
    lines: BTreeMap<String, String>,
}

impl Shapes {
    fn write(&self, svg: &mut String) {
        for (colour, path) in self.papers.iter().chain(&self.blocks) {
            svg.push_str(&format!("<path fill=\"{colour}\" d=\"{path}\"/>\n"));
        }
        for (colour, path) in &self.lines {
            svg.push_str(&format!("<path fill=\"none\" stroke=\"{colour}\" d=\"{path}\"/>\n"));
        }
    }
}

fn runs(buffer: &Buffer, y: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for x in 0..buffer.area.width {
        let cell = &buffer[(x, y)];
        let looks = looks(cell);
        match runs.last_mut().filter(|run| run.looks == looks) {
            Some(run) => run.symbols.push(cell.symbol().to_owned()),
            None => runs.push(Run { x, y, looks, symbols: vec![cell.symbol().to_owned()] }),
        }
    }
    runs
}

fn looks(cell: &Cell) -> Looks {
    let is_reversed = cell.modifier.contains(Modifier::REVERSED);
    let (fg, bg) = (colour(cell.fg), colour(cell.bg));
    let (ink, paper) = match is_reversed {
        true => (bg.unwrap_or_else(|| PAPER.to_owned()), Some(fg.unwrap_or_else(|| INK.to_owned()))),
        false => (fg.unwrap_or_else(|| INK.to_owned()), bg),
    };
    Looks {
        ink,
        paper,
        is_bold: cell.modifier.contains(Modifier::BOLD),
        is_underlined: cell.modifier.contains(Modifier::UNDERLINED),
        is_dim: cell.modifier.contains(Modifier::DIM),
    }
}

impl Run {
    fn draw(&self, shapes: &mut Shapes, texts: &mut String) {
        let (left, top) = (f64::from(self.x) * WIDTH, f64::from(self.y) * HEIGHT);
        if let Some(paper) = &self.looks.paper {
            let width = self.symbols.len() as f64 * WIDTH;
            rectangle(shapes.papers.entry(paper.clone()).or_default(), left, top, width, HEIGHT);
        }
        let mut text = String::new();
        for (n, symbol) in self.symbols.iter().enumerate() {
            let x = left + n as f64 * WIDTH;
            if self.draw_shape(symbol, x, top, shapes) {
                text.push(' ');
            } else {
                text.push_str(symbol);
            }
        }
        self.draw_words(&text, left, top, texts);
    }

    /// Draws what is not a letter; false when it is one.
    fn draw_shape(&self, symbol: &str, x: f64, y: f64, shapes: &mut Shapes) -> bool {
        let upright = "▁▂▃▄▅▆▇█".chars().position(|c| symbol.chars().eq([c]));
        let lying = "▏▎▍▌▋▊▉".chars().position(|c| symbol.chars().eq([c]));
        if let Some(n) = upright {
            let high = HEIGHT * (n + 1) as f64 / 8.0;
            rectangle(shapes.blocks.entry(self.looks.ink.clone()).or_default(), x, y + HEIGHT - high, WIDTH, high);
        } else if let Some(n) = lying {
            let wide = WIDTH * (n + 1) as f64 / 8.0;
            rectangle(shapes.blocks.entry(self.looks.ink.clone()).or_default(), x, y, wide, HEIGHT);
        } else if let Some(path) = line(symbol, x, y) {
            shapes.lines.entry(self.looks.ink.clone()).or_default().push_str(&path);
        } else {
            return false;
        }
        true
    }

    /// Words, each at its own column: a font of another width then still leaves the columns aligned.
    fn draw_words(&self, text: &str, left: f64, top: f64, texts: &mut String) {
        let mut words: Vec<(usize, String)> = Vec::new();
        let mut is_between = true;
        for (column, c) in text.chars().enumerate() {
            if c == ' ' && !self.looks.is_underlined {
                is_between = true;
            } else if let (false, Some((_, word))) = (is_between, words.last_mut()) {
                word.push(c);
            } else {
                words.push((column, c.to_string()));
                is_between = false;
            }
        }
        for (column, word) in words {
            let x = left + column as f64 * WIDTH;
            let wide = word.chars().count() as f64 * WIDTH;
            let bold = if self.looks.is_bold { " font-weight=\"700\"" } else { "" };
            let dim = if self.looks.is_dim { " opacity=\".6\"" } else { "" };
            let line =
                if self.looks.is_underlined { " text-decoration=\"underline\" xml:space=\"preserve\"" } else { "" };
            let fit = if word.chars().count() > 1 { format!(" textLength=\"{wide:.1}\"") } else { String::new() };
            texts.push_str(&format!(
                "<text x=\"{x:.1}\" y=\"{:.0}\" fill=\"{}\"{fit}{bold}{dim}{line}>{}</text>\n",
                top + 13.0,
                self.looks.ink,
                escaped(&word)
            ));
        }
    }
}

/// Text as it stands in SVG and HTML, in attributes too; control characters, which XML does not have, are replaced.
pub fn escaped(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect();
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

fn rectangle(path: &mut String, x: f64, y: f64, width: f64, height: f64) {
    path.push_str(&format!("M{x:.1} {y:.1}h{width:.1}v{height:.1}h-{width:.1}z"));
}

fn line(symbol: &str, x: f64, y: f64) -> Option<String> {
    let (w, h) = (WIDTH, HEIGHT);
    let (middle, centre) = (x + w / 2.0, y + h / 2.0);
    let path = match symbol {
        "─" => format!("M{x:.1} {centre:.1}h{w:.1}"),
        "│" => format!("M{middle:.1} {y:.1}v{h:.1}"),
        "╷" => format!("M{middle:.1} {centre:.1}v{:.1}", h / 2.0),
        "╭" => format!("M{middle:.1} {:.1}v-{:.1}q0 -4 4 -4H{:.1}", y + h, h / 2.0 - 4.0, x + w),
        "╮" => format!("M{x:.1} {centre:.1}H{:.1}q4 0 4 4V{:.1}", middle - 4.0, y + h),
        "╰" => format!("M{middle:.1} {y:.1}v{:.1}q0 4 4 4H{:.1}", h / 2.0 - 4.0, x + w),
        "╯" => format!("M{x:.1} {centre:.1}H{:.1}q4 0 4 -4V{y:.1}", middle - 4.0),
        _ => return None,
    };
    Some(path)
}

/// A colour as terminals show it; `None` for the terminal's own.
fn colour(colour: Color) -> Option<String> {
    let n = match colour {
        Color::Indexed(n) => n,
        _ => return None,
    };
    let (r, g, b) = match n {
        // The view leaves the first 16 to the terminal's owner, but for black on a bright ground.
        0..16 => (0, 0, 0),
        16..232 => {
            let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let n = n - 16;
            (level(n / 36), level(n / 6 % 6), level(n % 6))
        }
        232.. => {
            let grey = 8 + 10 * (n - 232);
            (grey, grey, grey)
        }
    };
    Some(format!("#{r:02x}{g:02x}{b:02x}"))
}
