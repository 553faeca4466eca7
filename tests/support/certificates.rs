//! A server certificate for this machine, and its root certificate, which only one test trusts.

use std::{fs, path::Path, process::Command};

use tempfile::TempDir;

pub(crate) struct Certificates(TempDir);

impl Certificates {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let make = |arguments: &str| openssl(folder.path(), arguments);
        make(
            "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=root -keyout root.key -out root.pem",
        );
        make("req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr");
        let names = "subjectAltName=DNS:localhost,IP:127.0.0.1\n";
        fs::write(folder.path().join("names"), names).unwrap();
        make(
            "x509 -req -in server.csr -CA root.pem -CAkey root.key -CAcreateserial -days 2 -extfile names -out server.pem",
        );
        Self(folder)
    }

    /// Returns the path of the root certificate.
    pub(crate) fn root(&self) -> String {
        self.at("root.pem")
    }

    /// Returns the options of a `redis-server` that uses TLS on this port.
    pub(crate) fn options(&self, port: u16) -> Vec<String> {
        vec![
            "--tls-port".to_owned(),
            port.to_string(),
            "--tls-auth-clients".to_owned(),
            "no".to_owned(),
            "--tls-cert-file".to_owned(),
            self.at("server.pem"),
            "--tls-key-file".to_owned(),
            self.at("server.key"),
            "--tls-ca-cert-file".to_owned(),
            self.root(),
        ]
    }

    fn at(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }
}

fn openssl(directory: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(directory)
        .output()
        .unwrap_or_else(|error| panic!("the TLS tests need `openssl` on the PATH: {error}"));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments}: {text}");
}
