//! The way to a server: certificates are verified, own authorities and proxies work.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::support::{code, log, root, talk, weighbridge};

/// A fleet and a TLS front before it, which live as long as this.
struct Servers {
    fleet: SocketAddr,
    tls: SocketAddr,
    _runtime: tokio::runtime::Runtime,
}

/// An authority of our own in `dir/ca.pem`, and a server for `model.test` with its certificate.
fn servers(dir: &Path) -> Servers {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let acceptor = acceptor(dir);
    let (fleet, tls) = runtime.block_on(async {
        let fleet = weighbridge_mock::serve(weighbridge_mock::FleetConfig {
            speed: 100.0,
            ..Default::default()
        });
        let fleet = fleet.await.unwrap();
        let to = fleet.addr();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tls = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let _fleet = fleet;
            while let Ok((socket, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // A client that does not believe the certificate goes away.
                    let Ok(mut client) = acceptor.accept(socket).await else {
                        return;
                    };
                    let mut server = tokio::net::TcpStream::connect(to).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                });
            }
        });
        (to, tls)
    });
    Servers {
        fleet,
        tls,
        _runtime: runtime,
    }
}

fn acceptor(dir: &Path) -> TlsAcceptor {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_key = KeyPair::generate().unwrap();
    let ca = params.self_signed(&ca_key).unwrap();
    std::fs::write(dir.join("ca.pem"), ca.pem()).unwrap();
    let issuer = Issuer::new(params, ca_key);
    let key = KeyPair::generate().unwrap();
    let names = vec!["model.test".to_owned(), "localhost".to_owned()];
    let leaf = CertificateParams::new(names).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], private)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// A proxy that reads the first request of each connection and then passes bytes on: those of a
/// tunnel to one address, all others to another one. Gives its address and the heads it read.
fn proxy(tunnel: SocketAddr, other: SocketAddr) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&heads);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, seen) = (client.unwrap(), Arc::clone(&seen));
            std::thread::spawn(move || {
                let Some(head) = head(&mut client) else {
                    return;
                };
                seen.lock().unwrap().push(head.clone());
                let is_tunnel = head.starts_with("CONNECT ");
                let mut server =
                    TcpStream::connect(if is_tunnel { tunnel } else { other }).unwrap();
                if is_tunnel {
                    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
                } else {
                    server.write_all(head.as_bytes()).unwrap();
                }
                let mut from = (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || std::io::copy(&mut from.1, &mut from.0));
                let _ = std::io::copy(&mut client, &mut server);
            });
        }
    });
    (address, heads)
}

/// Bytes up to the empty line of a request.
fn head(client: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if client.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    String::from_utf8(head).ok()
}

fn experiment(dir: &Path, keys: &str) -> PathBuf {
    let samples = root().join("datasets/quickstart/samples.jsonl");
    let text = format!(
        "name = \"network\"\n[dataset]\npath = {samples:?}\nsplit = \"test\"\nlimit = 4\n\
         [run]\nmode = \"live\"\nretries = 0\n\
         [controls]\nsingle = false\nshuffled = false\nlength = false\n\
         [[backend]]\nname = \"far\"\ndialect = \"vllm\"\n{keys}\n\
         [[model]]\nname = \"small\"\nbackend = \"far\"\nprice = {{ input_per_mtok_usd = 1.0, output_per_mtok_usd = 2.0 }}\n\
         [[model]]\nname = \"large\"\nbackend = \"far\"\nprice = {{ input_per_mtok_usd = 1.0, output_per_mtok_usd = 2.0 }}\n\
         [[policy]]\nname = \"now\"\nkind = \"always\"\nmodel = \"large\"\nrole = \"baseline\"\n\
         [[policy]]\nname = \"new\"\nkind = \"always\"\nmodel = \"small\"\nrole = \"candidate\"\n"
    );
    let path = dir.join("experiment.toml");
    std::fs::write(&path, text).unwrap();
    path
}

/// Errors of all attempts of a run with these environment variables; empty where all went well.
fn errors(dir: &Path, keys: &str, variables: &[(&str, String)]) -> Vec<String> {
    let path = experiment(dir, keys);
    let out = tempfile::tempdir_in(dir).unwrap();
    let mut command = weighbridge();
    command.arg("run").arg(path).arg("--out").arg(out.path());
    command.arg("--ledger").arg(out.path().join("ledger"));
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    let variables = variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()));
    let output = command.envs(variables).output().unwrap();
    assert!([0, 1, 2, 4].contains(&code(&output)), "{}", talk(&output));
    let log = log(out.path());
    assert_eq!(log.len(), 1 + 2 * 4, "{}", talk(&output));
    let attempts = log[1..].iter().map(|t| &t["attempts"][0]);
    let failed = attempts.filter(|a| !a["error"].is_null());
    failed
        .map(|a| a["error"]["message"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn certificates_are_verified_and_an_own_authority_is_believed() {
    let dir = tempfile::tempdir().unwrap();
    let servers = servers(dir.path());
    let url = format!("base_url = \"https://localhost:{}/v1\"", servers.tls.port());
    let unknown = errors(dir.path(), &url, &[]);
    assert_eq!(unknown.len(), 8);
    assert!(unknown[0].contains("certificate"), "{}", unknown[0]);
    let own = format!("{url}\nca_file = \"ca.pem\"");
    assert_eq!(errors(dir.path(), &own, &[]), [""; 0]);
    // The same authority, and a name that the certificate is not for.
    let other = own.replace("localhost", "127.0.0.1");
    let wrong = errors(dir.path(), &other, &[]);
    assert!(
        wrong.len() == 8 && wrong[0].contains("not valid for"),
        "{wrong:?}"
    );
}

#[test]
fn an_unusable_authority_is_a_configuration_error() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("ca.pem"), "nothing").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let keys = format!("base_url = \"https://127.0.0.1:{port}\"\nca_file = \"ca.pem\"");
    let mut command = weighbridge();
    command
        .arg("run")
        .arg(experiment(dir.path(), &keys))
        .arg("--out")
        .arg(dir.path().join("o"));
    let output = command.output().unwrap();
    assert_eq!(code(&output), 3, "{}", talk(&output));
    assert!(
        talk(&output).contains("ca.pem: holds no `BEGIN CERTIFICATE`"),
        "{}",
        talk(&output)
    );
}

#[test]
fn proxies_of_the_environment_are_used_and_exceptions_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let servers = servers(dir.path());
    let (address, heads) = proxy(servers.tls, servers.fleet);
    let named = format!("http://user:hush@{address}");
    let taken = || std::mem::take(&mut *heads.lock().unwrap());

    // Plain: the proxy sees whole addresses and its own credentials, the server's key among them.
    let http = "base_url = \"http://model.test/v1\"";
    let through = [("HTTP_PROXY", named.clone())];
    assert_eq!(errors(dir.path(), http, &through), [""; 0]);
    let asked = taken();
    assert!(!asked.is_empty());
    for head in &asked {
        assert!(head.contains(" http://model.test/"), "{head}");
        assert!(
            head.to_lowercase()
                .contains("proxy-authorization: basic dxnlcjpodxno"),
            "{head}"
        );
    }

    // Encrypted: the proxy sees a name and passes bytes on.
    let https = "base_url = \"https://model.test/v1\"\nca_file = \"ca.pem\"";
    let through = [("HTTPS_PROXY", named.clone())];
    assert_eq!(errors(dir.path(), https, &through), [""; 0]);
    let asked = taken();
    assert!(!asked.is_empty());
    for head in &asked {
        assert!(head.starts_with("CONNECT model.test:443 "), "{head}");
        assert!(head.contains("Basic dXNlcjpodXNo"), "{head}");
    }

    // An exception, and this machine itself, are reached directly.
    let local = format!("base_url = \"http://{}/v1\"", servers.fleet);
    assert_eq!(
        errors(dir.path(), &local, &[("HTTP_PROXY", named.clone())]),
        [""; 0]
    );
    let mut command = weighbridge();
    command
        .arg("run")
        .arg(experiment(dir.path(), http))
        .arg("--out")
        .arg(dir.path().join("o"));
    command
        .env("HTTP_PROXY", &named)
        .env("NO_PROXY", "model.test");
    let output = command.output().unwrap();
    assert_eq!(code(&output), 4, "no such host: {}", talk(&output));
    assert_eq!(taken(), [""; 0]);
}
