//! One connection: commands in, replies out.

use std::io;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpStream,
};
use tokio_rustls::TlsAcceptor;

use super::{Act, State, Taken, Verb};

/// The longest message that is read.
const LONGEST: usize = 64 * 1024 * 1024;

/// A connection, encrypted or not.
trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// How a connection is encrypted.
#[derive(Clone)]
pub(super) enum Encryption {
    /// Not at all.
    None,
    /// Where the other side asks for it.
    StartTls(TlsAcceptor),
    /// From the first byte.
    Tls(TlsAcceptor),
}

struct Dialogue<'a> {
    stream: BufReader<Box<dyn Wire>>,
    state: &'a State,
    /// What is still offered.
    starttls: Option<TlsAcceptor>,
    encrypted: bool,
    user: Option<String>,
    from: Option<String>,
    to: Vec<String>,
}

/// Talks until the other side goes away.
pub(super) async fn talk(stream: TcpStream, encryption: Encryption, state: &State) -> io::Result<()> {
    let (stream, starttls, encrypted): (Box<dyn Wire>, _, _) = match encryption {
        Encryption::None => (Box::new(stream), None, false),
        Encryption::StartTls(acceptor) => (Box::new(stream), Some(acceptor), false),
        Encryption::Tls(acceptor) => (Box::new(acceptor.accept(stream).await?), None, true),
    };
    let stream = BufReader::new(stream);
    let mut dialogue = Dialogue { stream, state, starttls, encrypted, user: None, from: None, to: Vec::new() };
    if !dialogue.reply(Verb::Connect, "220 sink.invalid ESMTP").await? {
        return Ok(());
    }
    state.note(|mails| mails.connections += 1);
    while let Some(line) = dialogue.line().await? {
        if !dialogue.command(&line).await? {
            return Ok(());
        }
    }
    Ok(())
}

impl Dialogue<'_> {
    /// Answers a command. Whether the dialogue goes on.
    async fn command(&mut self, line: &str) -> io::Result<bool> {
        let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match word.as_str() {
            "EHLO" | "HELO" => {
                let starttls = if self.starttls.is_some() { "250-STARTTLS\r\n" } else { "" };
                let offered = format!(
                    "250-sink.invalid\r\n250-8BITMIME\r\n{starttls}250-AUTH PLAIN LOGIN XOAUTH2\r\n250 SIZE 67108864"
                );
                self.reply(Verb::Hello, &offered).await
            }
            "STARTTLS" => self.encrypt().await,
            "AUTH" => self.sign_in(line).await,
            "MAIL" => {
                self.state.note(|mails| mails.begun += 1);
                (self.from, self.to) = (Some(address(line)), Vec::new());
                self.reply(Verb::Sender, "250 2.1.0 ok").await
            }
            "RCPT" => {
                let struck = self.state.strike(Verb::Recipient);
                if struck.is_none() {
                    self.to.push(address(line));
                }
                self.act(struck.map(|trouble| trouble.act), "250 2.1.5 ok").await
            }
            "DATA" => {
                if !self.reply(Verb::Data, "354 go on").await? {
                    return Ok(false);
                }
                self.text().await
            }
            "RSET" | "NOOP" => self.say("250 2.0.0 ok").await.map(|()| true),
            "QUIT" => self.say("221 2.0.0 bye").await.map(|()| false),
            _ => self.say("502 5.5.2 not known here").await.map(|()| true),
        }
    }

    /// Goes on encrypted. What was told before counts for nothing.
    async fn encrypt(&mut self) -> io::Result<bool> {
        let Some(acceptor) = self.starttls.take() else {
            return self.say("502 5.5.1 not offered").await.map(|()| true);
        };
        if !self.reply(Verb::StartTls, "220 2.0.0 go on").await? {
            return Ok(false);
        }
        let plain = std::mem::replace(&mut self.stream, BufReader::new(Box::new(tokio::io::empty())));
        // What came along with the command was told in clear.
        if !plain.buffer().is_empty() {
            return Ok(false);
        }
        self.stream = BufReader::new(Box::new(acceptor.accept(plain.into_inner()).await?));
        self.encrypted = true;
        (self.user, self.from) = (None, None);
        Ok(true)
    }

    async fn sign_in(&mut self, line: &str) -> io::Result<bool> {
        let mut words = line.split(' ').skip(1);
        let mechanism = words.next().unwrap_or_default().to_ascii_uppercase();
        let mut first = words.next().map(str::to_owned);
        self.state.note(|mails| mails.mechanisms.push(mechanism.clone()));
        if first.is_none() && mechanism != "LOGIN" {
            first = self.ask("334 ").await?;
        }
        let told = match mechanism.as_str() {
            "PLAIN" => {
                let decoded = decoded(first.as_deref().unwrap_or_default());
                let mut parts = decoded.split('\0').skip(1).map(str::to_owned);
                (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
            }
            "LOGIN" => {
                let user = match first {
                    Some(user) => Some(user),
                    None => self.ask("334 VXNlcm5hbWU6").await?,
                };
                let secret = self.ask("334 UGFzc3dvcmQ6").await?;
                (decoded(user.as_deref().unwrap_or_default()), decoded(secret.as_deref().unwrap_or_default()))
            }
            _ => {
                let decoded = decoded(first.as_deref().unwrap_or_default());
                let part = |name: &str| {
                    let found = decoded.split('\u{1}').find_map(|part| part.strip_prefix(name));
                    found.unwrap_or_default().to_owned()
                };
                (part("user="), part("auth=Bearer "))
            }
        };
        if !self.state.knows(&told.0, &told.1) {
            return self.say("535 5.7.8 the name or the password is wrong").await.map(|()| true);
        }
        self.user = Some(told.0);
        self.reply(Verb::Auth, "235 2.7.0 ok").await
    }

    /// Reads the text up to its end.
    async fn text(&mut self) -> io::Result<bool> {
        let mut text = String::new();
        loop {
            let Some(line) = self.line().await? else {
                return Ok(false);
            };
            if line == "." {
                break;
            }
            // A line that begins with a point has one more on the way.
            text.push_str(line.strip_prefix('.').unwrap_or(&line));
            text.push_str("\r\n");
            if text.len() > LONGEST {
                return self.say("552 5.3.4 too large").await.map(|()| true);
            }
        }
        let trouble = self.state.strike(Verb::Text);
        if trouble.as_ref().is_none_or(|trouble| trouble.taken || matches!(trouble.act, Act::Wait(_))) {
            let taken = Taken {
                from: self.from.take().unwrap_or_default(),
                to: std::mem::take(&mut self.to),
                text,
                user: self.user.clone(),
                encrypted: self.encrypted,
            };
            self.state.note(|mails| mails.taken.push(taken));
        }
        self.act(trouble.map(|trouble| trouble.act), "250 2.0.0 taken").await
    }

    /// The usual reply of a step, or what goes wrong there. Whether the dialogue goes on.
    async fn reply(&mut self, at: Verb, usual: &str) -> io::Result<bool> {
        let struck = self.state.strike(at);
        self.act(struck.map(|trouble| trouble.act), usual).await
    }

    async fn act(&mut self, act: Option<Act>, usual: &str) -> io::Result<bool> {
        match act {
            None => self.say(usual).await?,
            Some(Act::Say(words)) => {
                self.say(&words).await?;
                return Ok(!words.starts_with("421"));
            }
            Some(Act::Wait(time)) => {
                tokio::time::sleep(time).await;
                self.say(usual).await?;
            }
            Some(Act::Close) => return Ok(false),
            Some(Act::Half(words)) => {
                self.stream.get_mut().write_all(words.as_bytes()).await?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn ask(&mut self, words: &str) -> io::Result<Option<String>> {
        self.say(words).await?;
        self.line().await
    }

    async fn say(&mut self, words: &str) -> io::Result<()> {
        self.stream.get_mut().write_all(format!("{words}\r\n").as_bytes()).await
    }

    async fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        if self.stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        Ok(Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()))
    }
}

/// What stands between the angle brackets of a command.
fn address(line: &str) -> String {
    let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or_else(String::new, |(address, _)| address.to_owned())
}

fn decoded(text: &str) -> String {
    STANDARD.decode(text).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}
