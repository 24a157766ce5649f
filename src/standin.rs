//! A picture until the real one is merged. To be deleted then.

use ratatui::{Frame, widgets::Paragraph};

use crate::{app::State, view::theme::Theme};

/// Draws the state as text.
pub fn draw(state: &State, _theme: &Theme, frame: &mut Frame<'_>) {
    frame.render_widget(Paragraph::new(format!("{:#?}", state.model)), frame.area());
}
