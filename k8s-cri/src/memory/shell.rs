use std::time::Duration;

use bytes::Bytes;

use super::behavior::Stage;
use super::builder::Files;
use crate::{ContainerConfig, MountSource, Output};

/// The annotation that says where a container leaves its message, as node agents set it.
const MESSAGE_PATH: &str = "io.kubernetes.container.terminationMessagePath";

/// What a command writes when, and how it ends.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    pub(super) writes: Vec<(Duration, Output, Bytes)>,
    /// `None` for a command that never ends.
    pub(super) end: Option<(Duration, i32)>,
    /// What it leaves behind as its message.
    pub(super) message: String,
}

impl Plan {
    pub(super) fn into_stage(self) -> Stage {
        let (life, code) = match self.end {
            Some((life, code)) => (Some(life), code),
            None => (None, 0),
        };
        Stage { logs: self.writes, life, code, message: self.message, ..Stage::default() }
    }
}

/// Where a command runs.
pub(super) struct Scene<'a> {
    pub(super) hostname: &'a str,
    pub(super) config: &'a ContainerConfig,
    pub(super) files: &'a Files,
}

/// Foresees what a command does; `None` when it is beyond this shell.
pub(super) fn plan(words: &[String], scene: &Scene<'_>) -> Option<Plan> {
    let mut shell = Shell { scene, plan: Plan::default(), at: Duration::ZERO };
    let end = match words {
        [sh, flag, script, ..] if is_shell(sh) && matches!(flag.as_str(), "-c" | "-ec" | "-xc") => {
            shell.script(script)?
        }
        [] => return None,
        words => shell.command(words)?,
    };
    shell.plan.end = match end {
        End::Code(code) | End::Exit(code) => Some((shell.at, code)),
        End::Never => None,
    };
    Some(shell.plan)
}

/// Whether the word names a shell.
pub(super) fn is_shell(word: &str) -> bool {
    matches!(word.rsplit('/').next(), Some("sh" | "bash" | "ash"))
}

struct Shell<'a> {
    scene: &'a Scene<'a>,
    plan: Plan,
    at: Duration,
}

/// How a command ended.
#[derive(Clone, Copy)]
enum End {
    /// With this code; the next one follows.
    Code(i32),
    /// And the shell with it.
    Exit(i32),
    /// It does not.
    Never,
}

enum Token {
    Word(String),
    /// The output goes into the file that follows.
    Into {
        append: bool,
    },
    Then,
    And,
    Or,
}

impl Shell<'_> {
    fn script(&mut self, script: &str) -> Option<End> {
        let tokens = self.tokens(script)?;
        let mut last = End::Code(0);
        let mut run = true;
        for part in tokens.split_inclusive(|token| !matches!(token, Token::Word(_) | Token::Into { .. })) {
            let into = part.iter().position(|token| matches!(token, Token::Into { .. })).unwrap_or(part.len());
            let (command, into) = part.split_at(into);
            let words: Vec<_> = command.iter().filter_map(Token::word).map(str::to_owned).collect();
            if run && !words.is_empty() {
                let before = self.plan.writes.len();
                last = self.command(&words)?;
                self.redirect(before, into)?;
            }
            let End::Code(code) = last else { return Some(last) };
            run = match part.last() {
                Some(Token::And) => code == 0,
                Some(Token::Or) => code != 0,
                _ => true,
            };
        }
        Some(last)
    }

    fn command(&mut self, words: &[String]) -> Option<End> {
        let (name, args) = words.split_first()?;
        let end = match name.rsplit('/').next()? {
            "true" | ":" => End::Code(0),
            "false" => End::Code(1),
            "exit" => End::Exit(args.first().map_or(Some(0), |code| code.parse().ok())?),
            "sleep" => return self.sleep(args),
            "echo" => self.echo(args),
            "hostname" => self.line(self.scene.hostname.to_owned()),
            "env" | "printenv" if args.is_empty() => self.env(),
            "printenv" => self.line(self.variable(args.first()?)),
            "cat" if !args.is_empty() => self.cat(args),
            _ => return None,
        };
        Some(end)
    }

    /// Takes what was written to the standard output since `before` away, into a file: the message that the container
    /// leaves behind, or nothing. Others are beyond this shell.
    fn redirect(&mut self, before: usize, into: &[Token]) -> Option<()> {
        let (append, file) = match into {
            [Token::Into { append }, Token::Word(file), rest @ ..] if rest.iter().all(|t| t.word().is_none()) => {
                (*append, file)
            }
            [Token::Into { .. }, ..] => return None,
            _ => return Some(()),
        };
        let written = self.plan.writes.split_off(before);
        let (out, err): (Vec<_>, Vec<_>) = written.into_iter().partition(|(_, output, _)| *output == Output::Stdout);
        self.plan.writes.extend(err);
        if file == "/dev/null" {
            return Some(());
        }
        if self.scene.config.annotations.get(MESSAGE_PATH) != Some(file) {
            return None;
        }
        if !append {
            self.plan.message.clear();
        }
        self.plan.message.extend(out.iter().map(|(.., bytes)| String::from_utf8_lossy(bytes)));
        Some(())
    }

    fn sleep(&mut self, args: &[String]) -> Option<End> {
        for arg in args {
            if matches!(arg.as_str(), "infinity" | "inf") {
                return Some(End::Never);
            }
            self.at += duration(arg)?;
        }
        Some(End::Code(0))
    }

    fn echo(&mut self, args: &[String]) -> End {
        match args.split_first() {
            Some((flag, rest)) if flag == "-n" => self.write(Output::Stdout, rest.join(" ")),
            _ => return self.line(args.join(" ")),
        }
        End::Code(0)
    }

    fn env(&mut self) -> End {
        for (name, value) in &self.scene.config.envs {
            self.line(format!("{name}={value}"));
        }
        self.line(format!("HOSTNAME={}", self.scene.hostname))
    }

    fn cat(&mut self, paths: &[String]) -> End {
        let mut end = End::Code(0);
        for path in paths {
            if let Some(bytes) = self.scene.read(path) {
                self.plan.writes.push((self.at, Output::Stdout, bytes));
            } else {
                self.write(Output::Stderr, format!("cat: can't open '{path}': No such file or directory\n"));
                end = End::Code(1);
            }
        }
        end
    }

    fn line(&mut self, mut text: String) -> End {
        text.push('\n');
        self.write(Output::Stdout, text);
        End::Code(0)
    }

    fn write(&mut self, output: Output, text: String) {
        self.plan.writes.push((self.at, output, text.into()));
    }

    fn variable(&self, name: &str) -> String {
        let found = self.scene.config.envs.iter().rev().find(|(known, _)| known == name);
        match found {
            Some((_, value)) => value.clone(),
            None if name == "HOSTNAME" => self.scene.hostname.to_owned(),
            None => String::new(),
        }
    }

    /// Splits a script into words and what stands between commands; `None` when it holds anything else.
    fn tokens(&self, script: &str) -> Option<Vec<Token>> {
        let mut tokens = Vec::new();
        let mut word: Option<String> = None;
        let mut chars = script.chars().peekable();
        while let Some(c) = chars.next() {
            let between = match c {
                ';' | '\n' => Some(Token::Then),
                '&' => Some((chars.next()? == '&').then_some(Token::And)?),
                '|' => Some((chars.next()? == '|').then_some(Token::Or)?),
                ' ' | '\t' => None,
                // A number right before it says which output goes there.
                '>' if word.is_none() => Some(Token::Into { append: chars.next_if_eq(&'>').is_some() }),
                '>' => return None,
                '\'' => {
                    let word = word.get_or_insert_default();
                    loop {
                        match chars.next()? {
                            '\'' => break,
                            c => word.push(c),
                        }
                    }
                    continue;
                }
                '"' => {
                    let word = word.get_or_insert_default();
                    loop {
                        match chars.next()? {
                            '"' => break,
                            '\\' => word.push(chars.next()?),
                            '$' => self.expand(&mut chars, word)?,
                            '`' => return None,
                            c => word.push(c),
                        }
                    }
                    continue;
                }
                '$' => {
                    self.expand(&mut chars, word.get_or_insert_default())?;
                    continue;
                }
                '\\' => {
                    word.get_or_insert_default().push(chars.next()?);
                    continue;
                }
                '<' | '(' | ')' | '`' | '*' | '#' | '{' | '}' => return None,
                c => {
                    word.get_or_insert_default().push(c);
                    continue;
                }
            };
            tokens.extend(word.take().map(Token::Word));
            tokens.extend(between);
        }
        tokens.extend(word.map(Token::Word));
        Some(tokens)
    }

    /// Puts the value of the variable that follows a `$` into `word`.
    fn expand(&self, chars: &mut std::iter::Peekable<std::str::Chars<'_>>, word: &mut String) -> Option<()> {
        let braced = chars.next_if_eq(&'{').is_some();
        let mut name = String::new();
        while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
            name.push(c);
        }
        if name.is_empty() || (braced && chars.next() != Some('}')) {
            return None;
        }
        word.push_str(&self.variable(&name));
        Some(())
    }
}

impl Token {
    fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            _ => None,
        }
    }
}

impl Scene<'_> {
    /// Reads a file that is mounted into the container.
    fn read(&self, path: &str) -> Option<Bytes> {
        let mounts = self.config.mounts.iter().filter_map(|mount| {
            let rest = std::path::Path::new(path).strip_prefix(&mount.container_path).ok()?;
            Some((mount.container_path.as_os_str().len(), rest, &mount.source))
        });
        let (_, rest, source) = mounts.max_by_key(|(length, ..)| *length)?;
        let MountSource::HostPath(host) = source else { return None };
        // Joining an empty rest would add a slash, and a mounted file is not a directory.
        let host = if rest.as_os_str().is_empty() { host.clone() } else { host.join(rest) };
        (self.files)(&host)
    }
}

fn duration(text: &str) -> Option<Duration> {
    let (number, factor) = match text.char_indices().last()? {
        (i, 's') => (&text[..i], 1.0),
        (i, 'm') => (&text[..i], 60.0),
        (i, 'h') => (&text[..i], 3600.0),
        (i, 'd') => (&text[..i], 86_400.0),
        _ => (text, 1.0),
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * factor).ok()
}
