//! A demo without a dashboard, as the program makes one.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use midair::{
    cli::{Place, Tcp, agents},
    clock::Clock,
    feed::live::Target,
};

/// A demo without a dashboard. It is killed when this is dropped.
pub(crate) struct Demo {
    pub(crate) program: Child,
    _folder: tempfile::TempDir,
    /// The file that names its agents.
    pub(crate) agents: PathBuf,
}

impl Demo {
    /// Starts one with these options; it listens.
    pub(crate) fn start(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let agents = folder.path().join("agents");
        let mut program = Command::new(env!("CARGO_BIN_EXE_midair"))
            .args(["demo", "--headless", "--agents-file"])
            .arg(&agents)
            .args(options)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut said = String::new();
        BufReader::new(program.stderr.take().expect("piped")).read_line(&mut said).expect("it speaks");
        assert!(said.contains("the agents listen"), "{said}");
        Self { program, _folder: folder, agents }
    }

    /// Its agents.
    pub(crate) fn targets(&self) -> Vec<Target> {
        let places = agents::read(&self.agents).expect("a list of agents");
        let target = |place: Place| place.target(&Tcp::Insecure, Clock::system());
        places.into_iter().map(target).collect()
    }

    /// The processes that it has started.
    pub(crate) fn children(&self) -> Vec<PathBuf> {
        let pid = self.program.id();
        let listed = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).expect("the kernel tells children");
        listed.split_whitespace().map(|pid| Path::new("/proc").join(pid)).collect()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.program.kill());
        drop(self.program.wait());
    }
}
