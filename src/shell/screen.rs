//! The terminal: taken over as a whole, and given back as it was.

use std::{
    fmt,
    io::{self, BufWriter, IsTerminal as _, Stdout, Write},
    sync::atomic::{AtomicBool, Ordering},
};

use crossterm::{
    Command, cursor, execute, queue,
    terminal::{
        self, BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
        LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
    },
};
use ratatui::{Terminal, backend::CrosstermBackend};

use crate::{app::State, view, view::theme::Theme};

/// One picture is one write, as long as it is not larger than this.
const WRITE_BYTES: usize = 64 << 10;

/// True while the terminal is ours: it is given back once, by whoever comes first.
static IS_OPEN: AtomicBool = AtomicBool::new(false);
static HAS_PANICKED: AtomicBool = AtomicBool::new(false);

/// There is nothing to draw on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotATerminal {
    /// Standard input or output is no terminal.
    #[error(
        "midair draws on a terminal, and standard {0} is none; run it in one, or use `midair-agent --once` for numbers"
    )]
    Standard(&'static str),
    /// `TERM=dumb`: an editor's shell, which prints escape sequences as text.
    #[error(
        "midair draws on a terminal, and this one can only print lines (TERM=dumb); run it in another, or use \
         `midair-agent --once` for numbers"
    )]
    Dumb,
}

/// The size of the terminal, columns and rows.
pub fn size() -> anyhow::Result<(u16, u16)> {
    if !io::stdin().is_terminal() {
        return Err(NotATerminal::Standard("input").into());
    }
    if !io::stdout().is_terminal() {
        return Err(NotATerminal::Standard("output").into());
    }
    if std::env::var_os("TERM").is_some_and(|term| term == "dumb") {
        return Err(NotATerminal::Dumb.into());
    }
    Ok(terminal::size()?)
}

/// Whether the thread of the screen has panicked since the terminal was taken.
pub(super) fn has_panicked() -> bool {
    HAS_PANICKED.load(Ordering::Relaxed)
}

/// The terminal while it is ours. Dropping it gives it back.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Ours>>>,
    has_mouse: bool,
}

/// Standard output, as long as the terminal is ours: a picture that a panic has cut off is still in the buffer when
/// the terminal is given back, and must not follow.
struct Ours(Stdout);

impl Write for Ours {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if IS_OPEN.load(Ordering::Relaxed) { self.0.write(bytes) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        if IS_OPEN.load(Ordering::Relaxed) { self.0.flush() } else { Ok(()) }
    }
}

impl Screen {
    /// Takes the terminal over.
    pub(super) fn open(has_mouse: bool) -> anyhow::Result<Self> {
        give_back_on_panic();
        let terminal = take().inspect_err(|_| give_back())?;
        let mut screen = Self { terminal, has_mouse: false };
        screen.mouse(has_mouse)?;
        Ok(screen)
    }

    /// Gives the terminal back for a while.
    pub(super) fn leave(&mut self) {
        give_back();
    }

    /// Takes the terminal over again, whatever was done to it meanwhile: the next picture is drawn as a whole.
    pub(super) fn come_back(&mut self) -> anyhow::Result<()> {
        give_back();
        self.terminal = take()?;
        self.has_mouse = false;
        Ok(())
    }

    /// The size that the terminal has now, columns and rows. Asked of the kernel alone: crossterm would start a program
    /// to find out about a terminal that is gone.
    pub(super) fn size(&self) -> io::Result<(u16, u16)> {
        let size = rustix::termios::tcgetwinsize(io::stdout())?;
        Ok((size.ws_col, size.ws_row))
    }

    /// Paints the state: only cells that changed are sent, as one whole.
    pub(super) fn draw(&mut self, state: &State, theme: &Theme) -> io::Result<()> {
        self.mouse(state.has_mouse)?;
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(|frame| view::draw(state, theme, frame))?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    fn mouse(&mut self, wanted: bool) -> io::Result<()> {
        if self.has_mouse == wanted {
            return Ok(());
        }
        self.has_mouse = wanted;
        execute!(io::stdout(), TakeMouse(wanted))
    }
}

fn take() -> io::Result<Terminal<CrosstermBackend<BufWriter<Ours>>>> {
    IS_OPEN.store(true, Ordering::Relaxed);
    let writer = BufWriter::with_capacity(WRITE_BYTES, Ours(io::stdout()));
    let terminal = Terminal::new(CrosstermBackend::new(writer))?;
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, Clear(ClearType::All), cursor::Hide)?;
    Ok(terminal)
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Buttons and wheel, in SGR coordinates. Moves are left alone: nobody needs them, and each is a packet over ssh.
struct TakeMouse(bool);

impl Command for TakeMouse {
    fn write_ansi(&self, f: &mut impl fmt::Write) -> fmt::Result {
        f.write_str(if self.0 { "\x1b[?1000h\x1b[?1006h" } else { "\x1b[?1006l\x1b[?1000l" })
    }
}

/// Gives the terminal back, once. Errors have nobody to be told to: the terminal may be gone.
fn give_back() {
    if !IS_OPEN.swap(false, Ordering::Relaxed) {
        return;
    }
    let mut out = io::stdout();
    drop(execute!(out, EndSynchronizedUpdate, TakeMouse(false), LeaveAlternateScreen, cursor::Show));
    drop(disable_raw_mode());
    drop(out.flush());
}

/// A panic of this thread, tasks on it included, speaks on a terminal that is readable again, and ends the sitting. A
/// panic of another thread (a source of the embedded agent, which survives it) must not write over the screen.
fn give_back_on_panic() {
    let before = std::panic::take_hook();
    let ours = std::thread::current().id();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().id() != ours && IS_OPEN.load(Ordering::Relaxed) {
            tracing::error!(%panic, "a thread panicked");
            return;
        }
        HAS_PANICKED.store(true, Ordering::Relaxed);
        give_back();
        before(panic);
    }));
}
