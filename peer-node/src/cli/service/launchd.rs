//! macOS: a launch agent of the user.

use std::path::Path;

use super::keeper::{Keeper, Plan, words, xml};

pub(super) fn keeper(plan: &Plan, home: &Path) -> Keeper {
    let label = format!("org.confab.{}", plan.name);
    let file = home.join("Library/LaunchAgents").join(format!("{label}.plist"));
    let path = file.display().to_string();
    Keeper {
        text: text(plan, &label),
        wide: false,
        start: vec![words(&["launchctl", "load", "-w", &path])],
        stop: vec![words(&["launchctl", "unload", "-w", &path])],
        after: Vec::new(),
        ask: words(&["launchctl", "list", &label]),
        note: None,
        file,
    }
}

fn text(plan: &Plan, label: &str) -> String {
    let mut line = String::new();
    for word in std::iter::once(&plan.program).chain(&plan.args) {
        line += &format!("    <string>{}</string>\n", xml(word));
    }
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- Written by `peer-node service install`, taken away by `peer-node service uninstall`. -->
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>{label}</string>
  <key>ProgramArguments</key>
  <array>
{line}  </array>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ExitTimeOut</key>
  <integer>20</integer>
  <key>Umask</key>
  <integer>63</integer>
</dict>
</plist>
"#
    )
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn words_stay_words_and_nothing_becomes_markup() {
        let plan = Plan {
            name: "confab".into(),
            program: "/Applications/A & B/peer-node".into(),
            args: words(&["run", "--data", "/Users/ana/<data>"]),
        };
        let keeper = keeper(&plan, &PathBuf::from("/Users/ana"));
        assert_eq!(keeper.file, PathBuf::from("/Users/ana/Library/LaunchAgents/org.confab.confab.plist"));
        assert!(keeper.text.contains("<string>/Applications/A &amp; B/peer-node</string>"));
        assert!(keeper.text.contains("<string>/Users/ana/&lt;data&gt;</string>"));
        assert_eq!(keeper.text.matches("<string>").count(), 5);
    }
}
