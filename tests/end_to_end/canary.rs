//! Keys are in no output, whatever the server says and whatever goes wrong.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::support::{code, root, weighbridge};

/// Where the key is used, and the words of it that may be nowhere.
const KEY: &str = "sk-canary-7Qp2xWv9Lr4t";
const HEADER: &str = "hdr-canary-3Zk8mNb5Yc1d";
const PASSWORD: &str = "pwd-canary-6Jh0";

fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for part in bytes.chunks(3) {
        let all =
            part.iter().fold(0u32, |all, b| all << 8 | u32::from(*b)) << (8 * (3 - part.len()));
        for i in 0..4 {
            let sign = SIGNS[(all >> (18 - 6 * i) & 63) as usize] as char;
            text.push(if i <= part.len() { sign } else { '=' });
        }
    }
    text
}

/// Everything that may be nowhere: the secrets, and the middle of their base64 at each offset.
fn forbidden() -> Vec<(String, Vec<u8>)> {
    let mut forbidden = Vec::new();
    for secret in [KEY, HEADER, PASSWORD] {
        forbidden.push((secret.to_owned(), secret.as_bytes().to_vec()));
        for offset in 0..3 {
            let shifted = [&[0u8; 3][..offset], secret.as_bytes()].concat();
            let text = base64(&shifted);
            // The ends depend on the neighbours.
            let middle = text.as_bytes()[4..text.len() - 4].to_vec();
            forbidden.push((format!("base64 of {secret}"), middle));
        }
    }
    forbidden
}

fn is_in(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

/// A server that repeats whatever it is told, where its path says.
fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            std::thread::spawn(move || while answer(client.as_ref().unwrap()).is_some() {});
        }
    });
    address.to_string()
}

fn answer(mut client: &TcpStream) -> Option<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if client.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let field = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map_or(String::new(), |(_, value)| value.to_owned())
    };
    let length = field("content-length").parse().unwrap_or(0);
    std::io::copy(&mut client.take(length), &mut std::io::sink()).ok()?;
    let told = format!("{} and {}", field("authorization"), field("x-own"));
    let mode = head.split(['/', ' ']).nth(2).unwrap_or_default().to_owned();
    let headers = format!(
        "x-request-id: {told}\r\nx-portkey-provider: {told}\r\nx-litellm-model-name: {told}\r\n"
    );
    let event = |json: String| format!("data: {json}\n\n");
    let content = event(format!(
        "{{\"model\":\"{told}\",\"provider\":\"{told}\",\"choices\":[{{\"delta\":{{\"content\":\"You said {told}\"}}}}]}}"
    ));
    let end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let (status, kind, body) = match mode.as_str() {
        "refuse" => (
            "401 Unauthorized",
            "application/json",
            format!("{{\"error\":{{\"message\":\"bad key {told}\"}}}}"),
        ),
        "fail" => (
            "500 Internal Server Error",
            "text/plain",
            format!("cannot serve {told}"),
        ),
        "move" => (
            "307 Temporary Redirect",
            "text/html",
            format!("<a href=\"http://x/?key={told}\">moved</a>"),
        ),
        "event" => (
            "200 OK",
            "text/event-stream",
            event(format!("{{\"error\":{{\"message\":\"lost {told}\"}}}}")),
        ),
        "nonsense" => (
            "200 OK",
            "text/event-stream",
            event(format!("{{\"choices\": {told}")),
        ),
        "cut" => ("200 OK", "text/event-stream", content.clone()),
        _ => ("200 OK", "text/event-stream", format!("{content}{end}")),
    };
    let place = if mode == "move" {
        format!("location: http://127.0.0.1:9/?key={told}\r\n")
    } else {
        String::new()
    };
    let response = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\n{headers}{place}content-length: {}\r\n\r\n{body}",
        body.len()
    );
    client.write_all(response.as_bytes()).ok()
}

/// One backend and one policy for each way of going wrong.
fn experiment(dir: &Path, backends: &[(&str, String)]) -> PathBuf {
    let samples = root().join("datasets/quickstart/samples.jsonl");
    let mut text = format!(
        "name = \"canary\"\n[dataset]\npath = {samples:?}\nsplit = \"test\"\nlimit = 3\n\
         [run]\nmode = \"live\"\nretries = 1\nmax_cost_usd = 1.0\ntimeout_s = 5.0\n\
         [controls]\nsingle = false\nshuffled = false\nlength = false\n"
    );
    for (i, (name, url)) in backends.iter().enumerate() {
        let role = ["baseline", "candidate", "other"][i.min(2)];
        text += &format!(
            "[[backend]]\nname = \"{name}\"\ndialect = \"openai_chat\"\nbase_url = \"{url}\"\n\
             api_key_env = \"CANARY_KEY\"\nheaders_env = {{ x-own = \"CANARY_HEADER\" }}\n\
             [[model]]\nname = \"{name}\"\nbackend = \"{name}\"\nprice = {{ input_per_mtok_usd = 1.0, output_per_mtok_usd = 2.0 }}\n\
             [[policy]]\nname = \"{name}\"\nkind = \"always\"\nmodel = \"{name}\"\nrole = \"{role}\"\n"
        );
    }
    let path = dir.join("experiment.toml");
    std::fs::write(&path, text).unwrap();
    path
}

fn command(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = weighbridge();
    command
        .args(arguments)
        .current_dir(dir)
        .env("CANARY_KEY", KEY)
        .env("CANARY_HEADER", HEADER)
        .env("HTTP_PROXY", format!("http://user:{PASSWORD}@127.0.0.1:9"))
        .env("HTTPS_PROXY", format!("http://user:{PASSWORD}@127.0.0.1:9"))
        .env("GITHUB_STEP_SUMMARY", dir.join("summary.md"))
        .env("RUST_BACKTRACE", "full")
        .env("RUST_LOG", "trace");
    command.output().unwrap()
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Looks through everything that was printed and written.
fn assert_clean(dir: &Path, said: &[(String, Output)]) {
    let mut found = Vec::new();
    files(dir, &mut found);
    let mut texts: Vec<(String, Vec<u8>)> = found
        .iter()
        .map(|path| (path.display().to_string(), std::fs::read(path).unwrap()))
        .collect();
    for (name, output) in said {
        texts.push((format!("{name}: stdout"), output.stdout.clone()));
        texts.push((format!("{name}: stderr"), output.stderr.clone()));
    }
    assert!(texts.len() > 2 * said.len());
    for (what, word) in forbidden() {
        for (place, bytes) in &texts {
            assert!(!is_in(bytes, &word), "{what} is in {place}");
        }
    }
}

#[test]
fn no_output_holds_a_key() {
    let dir = tempfile::tempdir().unwrap();
    let server = echo();
    let modes = ["ok", "refuse", "fail", "move", "event", "nonsense", "cut"];
    let mut backends: Vec<_> = modes
        .iter()
        .map(|mode| (*mode, format!("http://{server}/{mode}/v1")))
        .collect();
    // A server that does not speak TLS, and a name behind a proxy that is not there.
    backends.push(("tls", format!("https://{server}/ok/v1")));
    backends.push(("proxied", "http://model.test/v1".to_owned()));
    backends.push(("tunnelled", "https://model.test/v1".to_owned()));
    experiment(dir.path(), &backends);
    let mut said = Vec::new();
    for arguments in [
        "schema",
        "plan experiment.toml",
        "doctor experiment.toml",
        "doctor experiment.toml --json",
        "run experiment.toml --out out --json --github-summary --comment comment.md --gitlab-code-quality quality.json",
        "run experiment.toml --out out",
        "report out",
        "report out --json",
        "gate out",
        "compare out out",
        "run experiment.toml --out other --fresh --sequential",
    ] {
        let split: Vec<&str> = arguments.split(' ').collect();
        let output = command(dir.path(), &split);
        assert_ne!(
            code(&output),
            70,
            "{arguments}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        said.push((arguments.to_owned(), output));
    }
    // The test must not pass because nothing was said: the answers are there, without the key.
    let log = std::fs::read_to_string(dir.path().join("out/run.jsonl")).unwrap();
    for words in [
        "You said Bearer [key] and [key]",
        "bad key Bearer [key]",
        "cannot serve Bearer [key]",
        "lost Bearer [key]",
    ] {
        assert!(log.contains(words), "no `{words}` in {log}");
    }
    for name in [
        "report.html",
        "report.md",
        "report.json",
        "junit.xml",
        "verdict.json",
        "client.json",
        "samples.jsonl",
    ] {
        assert!(dir.path().join("out").join(name).exists(), "{name}");
    }
    assert_clean(dir.path(), &said);
}

#[test]
fn errors_before_the_first_call_hold_no_key_either() {
    let dir = tempfile::tempdir().unwrap();
    let mut said = Vec::new();
    let refused = |url: &str, key: Option<&str>| {
        experiment(dir.path(), &[("a", url.to_owned()), ("b", url.to_owned())]);
        let mut command = weighbridge();
        command
            .args(["run", "experiment.toml", "--out", "out"])
            .current_dir(dir.path());
        command.env("CANARY_HEADER", HEADER);
        if let Some(key) = key {
            command.env("CANARY_KEY", key);
        }
        let output = command.output().unwrap();
        assert!([3, 4].contains(&code(&output)), "{url}: {output:?}");
        (url.to_owned(), output)
    };
    let unprintable = format!("{KEY}\u{7f}");
    said.push(refused("http://127.0.0.1:9/v1", Some(KEY)));
    said.push(refused("ftp://127.0.0.1/v1", Some(KEY)));
    said.push(refused("http://no such host/v1", Some(KEY)));
    said.push(refused("http://127.0.0.1:99999/v1", Some(KEY)));
    said.push(refused("http://127.0.0.1:9/v1", None));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let listening = format!("http://{}/v1", listener.local_addr().unwrap());
    said.push(refused(&listening, Some(&unprintable)));
    // Somebody wrote the key where its variable's name belongs.
    let path = dir.path().join("experiment.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace(
        "base_url = \"",
        &format!("base_url = \"https://user:{KEY}@"),
    );
    std::fs::write(&path, text).unwrap();
    let output = command(dir.path(), &["run", "experiment.toml", "--out", "out"]);
    assert_eq!(code(&output), 3);
    std::fs::remove_file(&path).unwrap();
    said.push(("a key in the address".to_owned(), output));
    std::fs::write(dir.path().join("anchor"), "").unwrap();
    assert_clean(dir.path(), &said[..1]);
    for (name, output) in &said {
        let all = [&output.stdout[..], &output.stderr[..]].concat();
        for (what, word) in forbidden() {
            assert!(
                !is_in(&all, &word),
                "{what} after `{name}`: {}",
                String::from_utf8_lossy(&all)
            );
        }
    }
}

#[test]
fn the_search_finds_a_key_that_is_there() {
    assert_eq!(base64(b"Man"), "TWFu");
    assert_eq!(base64(b"Ma"), "TWE=");
    for prefix in ["", "u", "us", "user:"] {
        let hidden = base64(format!("{prefix}{PASSWORD}").as_bytes());
        let found = forbidden()
            .iter()
            .any(|(_, word)| is_in(hidden.as_bytes(), word));
        assert!(found, "{hidden}");
    }
}

/// A bug in the middle of a call, whose message quotes the key, the header and the proxy.
#[test]
fn a_panic_with_the_keys_at_hand_tells_none_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let server = echo();
    let url = format!("http://{server}/ok/v1");
    experiment(dir.path(), &[("a", url.clone()), ("b", url)]);
    let mut said = Vec::new();
    for trace in ["0", "full"] {
        let mut command = weighbridge();
        command
            .args(["run", "experiment.toml", "--out", "out", "--json"])
            .current_dir(dir.path())
            .env("CANARY_KEY", KEY)
            .env("CANARY_HEADER", HEADER)
            .env("HTTP_PROXY", format!("http://user:{PASSWORD}@127.0.0.1:9"))
            .env("NO_PROXY", "127.0.0.1")
            .env("WEIGHBRIDGE_TEST_PANIC", "1")
            .env("RUST_BACKTRACE", trace);
        let output = command.output().unwrap();
        let talk = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(code(&output), 70, "{talk}");
        // It did panic, with everything at hand, and the message is still of use.
        assert!(talk.contains("panicking.rs"), "{talk}");
        assert!(talk.contains("You said Bearer [key]"), "{talk}");
        assert!(
            talk.contains("\"[key]\", \"[key]\", \"http://[key]@127.0.0.1:9\""),
            "{talk}"
        );
        said.push((format!("panic with RUST_BACKTRACE={trace}"), output));
    }
    assert!(dir.path().join("out/run.jsonl").exists());
    assert_clean(dir.path(), &said);
}
