//! Windows: a task that starts at sign-in.

use std::path::Path;

use super::keeper::{Keeper, Plan, words, xml};

pub(super) fn keeper(plan: &Plan, data: &Path) -> Keeper {
    let task = format!("Confab {}", plan.name);
    let file = data.join("confab").join(format!("{}-task.xml", plan.name));
    let path = file.display().to_string();
    Keeper {
        text: text(plan),
        wide: true,
        start: vec![
            words(&["schtasks", "/Create", "/TN", &task, "/XML", &path, "/F"]),
            words(&["schtasks", "/Run", "/TN", &task]),
        ],
        stop: vec![
            words(&["schtasks", "/End", "/TN", &task]),
            words(&["schtasks", "/Delete", "/TN", &task, "/F"]),
        ],
        after: Vec::new(),
        ask: words(&["schtasks", "/Query", "/TN", &task]),
        note: None,
        file,
    }
}

fn text(plan: &Plan) -> String {
    let args: Vec<String> = plan.args.iter().map(|word| quoted(word)).collect();
    format!(
        r#"<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>Confab, a private messenger. Written by "peer-node service install", taken away by "peer-node service uninstall".</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger><Enabled>true</Enabled></LogonTrigger>
  </Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Hidden>true</Hidden>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>10</Count>
    </RestartOnFailure>
  </Settings>
  <Actions>
    <Exec>
      <Command>{}</Command>
      <Arguments>{}</Arguments>
    </Exec>
  </Actions>
</Task>
"#,
        xml(&plan.program),
        xml(&args.join(" "))
    )
}

/// One word for the usual reader of command lines on Windows (`CommandLineToArgvW`).
fn quoted(word: &str) -> String {
    let mut text = String::from("\"");
    let mut slashes = 0;
    for c in word.chars() {
        match c {
            '\\' => slashes += 1,
            '"' => {
                text.extend(std::iter::repeat_n('\\', 2 * slashes + 1));
                slashes = 0;
                text.push('"');
                continue;
            }
            _ => {}
        }
        if c != '\\' {
            text.extend(std::iter::repeat_n('\\', slashes));
            slashes = 0;
            text.push(c);
        }
    }
    text.extend(std::iter::repeat_n('\\', 2 * slashes));
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn words_are_read_back_as_they_were() {
        for (word, line) in [
            ("run", r#""run""#),
            (r"C:\Users\Ana B", r#""C:\Users\Ana B""#),
            (r"C:\data\", r#""C:\data\\""#),
            (r#"say "hi""#, r#""say \"hi\"""#),
            (r#"a\"b"#, r#""a\\\"b""#),
        ] {
            assert_eq!(quoted(word), line, "{word}");
        }
    }

    #[test]
    fn the_task_names_the_program_and_starts_at_sign_in() {
        let plan = Plan {
            name: "confab".into(),
            program: r"C:\Program Files\A & B\peer-node.exe".into(),
            args: words(&["run", "--data", r"C:\x"]),
        };
        let keeper = keeper(&plan, &PathBuf::from("roaming"));
        assert!(keeper.text.contains(r"<Command>C:\Program Files\A &amp; B\peer-node.exe</Command>"));
        assert!(
            keeper
                .text
                .contains(r"<Arguments>&quot;run&quot; &quot;--data&quot; &quot;C:\x&quot;</Arguments>")
        );
        assert!(keeper.text.contains("<LogonTrigger>"));
    }
}
