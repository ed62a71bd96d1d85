//! Linux: a unit of the user's own systemd.

use std::path::Path;

use super::keeper::{Keeper, Plan, words};

pub(super) fn keeper(plan: &Plan, config: &Path) -> Keeper {
    let unit = format!("{}.service", plan.name);
    let systemctl = |rest: &[&str]| {
        let mut line = words(&["systemctl", "--user"]);
        line.extend(words(rest));
        line
    };
    Keeper {
        file: config.join("systemd/user").join(&unit),
        text: text(plan),
        wide: false,
        start: vec![systemctl(&["daemon-reload"]), systemctl(&["enable", "--now", &unit])],
        stop: vec![systemctl(&["disable", "--now", &unit])],
        after: vec![systemctl(&["daemon-reload"])],
        ask: systemctl(&["is-active", "--quiet", &unit]),
        note: Some("To keep it running while you are signed out, too: loginctl enable-linger"),
    }
}

fn text(plan: &Plan) -> String {
    let line: Vec<String> =
        std::iter::once(&plan.program).chain(&plan.args).map(|word| quoted(word)).collect();
    format!(
        "# Written by `peer-node service install`, taken away by `peer-node service uninstall`.\n\
         [Unit]\n\
         Description=Confab, a private messenger\n\
         \n\
         [Service]\n\
         ExecStart={}\n\
         Restart=on-failure\n\
         RestartSec=2\n\
         # It says goodbye to everybody first.\n\
         TimeoutStopSec=20\n\
         UMask=0077\n\
         NoNewPrivileges=yes\n\
         \n\
         [Install]\n\
         WantedBy=default.target\n",
        line.join(" ")
    )
}

/// One word of a command line (systemd.service(5), "Command lines"): quoted, with nothing that is replaced.
fn quoted(word: &str) -> String {
    let mut text = String::from("\"");
    for c in word.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '%' => text.push_str("%%"),
            '$' => text.push_str("$$"),
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use std::{path::PathBuf, process::Command};

    use super::*;

    fn plan(program: &str) -> Plan {
        let args = ["run", "--no-open", "--data", "/home/a b/50 % \"x\"\\ $HOME"];
        Plan { name: "confab".into(), program: program.into(), args: words(&args) }
    }

    #[test]
    fn every_word_reaches_the_program_as_it_was_given() {
        let keeper = keeper(&plan("/opt/con fab/peer-node"), &PathBuf::from("/home/ana/.config"));
        assert_eq!(keeper.file, PathBuf::from("/home/ana/.config/systemd/user/confab.service"));
        let line = keeper.text.lines().find_map(|line| line.strip_prefix("ExecStart="));
        assert_eq!(
            line,
            Some(r#""/opt/con fab/peer-node" "run" "--no-open" "--data" "/home/a b/50 %% \"x\"\\ $$HOME""#)
        );
        assert!(keeper.text.contains("WantedBy=default.target"));
        assert_eq!(keeper.start[1].join(" "), "systemctl --user enable --now confab.service");
    }

    /// systemd's own reader has the last word, where it is installed.
    #[test]
    fn systemd_takes_the_unit() {
        if Command::new("systemd-analyze").arg("--version").output().is_err() {
            eprintln!("skipped: systemd-analyze is not installed");
            return;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let keeper = keeper(&plan("/bin/true"), folder.path());
        std::fs::create_dir_all(keeper.file.parent().expect("a folder")).expect("made");
        std::fs::write(&keeper.file, keeper.bytes()).expect("written");
        let verify = Command::new("systemd-analyze").args(["--user", "verify"]).arg(&keeper.file).output();
        let verify = verify.expect("it was there a moment ago");
        let said = String::from_utf8_lossy(&verify.stderr).into_owned();
        // Without a user session it can't look further than the file; what it says of the file names it.
        let about = said.lines().filter(|line| line.contains("confab.service")).collect::<Vec<_>>();
        assert!(about.is_empty(), "{said}");
    }
}
