use super::*;

fn drawn(width: u16, height: u16, draw: impl Fn(&mut Buffer, Rect)) -> Vec<String> {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    draw(&mut buffer, area);
    (0..height).map(|y| (0..width).map(|x| buffer[(x, y)].symbol()).collect()).collect()
}

#[test]
fn a_bar_counts_in_eighths() {
    let bar_of = |share| {
        drawn(8, 1, |buffer, area| bar(&mut Pen::new(buffer, area, 0), 8, share, Style::new(), Style::new())).remove(0)
    };
    assert_eq!(bar_of(Some(0.0)), "········");
    assert_eq!(bar_of(Some(0.5)), "████····");
    assert_eq!(bar_of(Some(0.515)), "████▏···");
    assert_eq!(bar_of(Some(1.0)), "████████");
    assert_eq!(bar_of(Some(7.0)), "████████");
    assert_eq!(bar_of(None), "        ");
}

#[test]
fn cores_that_do_not_fit_are_folded_to_their_highest() {
    let shares: Vec<_> = (0..8).map(|n| Some(f64::from(n) / 8.0)).collect();
    let cores = |width| {
        drawn(width, 1, |buffer, area| {
            blocks(buffer, area, &shares, |_| Style::new());
        })
    };
    assert_eq!(cores(8), ["▁▁▂▃▄▅▆▇"]);
    assert_eq!(cores(4), ["▁▃▅▇"]);
    let two_rows = drawn(4, 2, |buffer, area| {
        blocks(buffer, area, &shares, |_| Style::new());
    });
    assert_eq!(two_rows, ["▁▁▂▃", "▄▅▆▇"]);
    assert_eq!(upright(None), "·");
}
