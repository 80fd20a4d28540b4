//! Whose certificates are believed.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::BackendError;

/// Certificates of servers are always verified: against the public authorities, and those of a PEM
/// file where one is named.
pub(super) fn tls(ca_file: Option<&Path>) -> Result<ClientConfig, BackendError> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    if let Some(path) = ca_file {
        own(&mut roots, path).map_err(|problem| BackendError::CaFile {
            path: path.to_owned(),
            problem,
        })?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

fn own(roots: &mut RootCertStore, path: &Path) -> Result<(), String> {
    let text = std::fs::read(path).map_err(|e| e.to_string())?;
    let mut found = 0;
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|e| format!("not a PEM file: {e}"))?;
        roots.add(certificate).map_err(|e| e.to_string())?;
        found += 1;
    }
    if found == 0 {
        return Err("holds no `BEGIN CERTIFICATE`".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_refused_by_name() {
        let missing = tls(Some(Path::new("/nowhere/ca.pem"))).err().unwrap();
        assert!(missing.to_string().starts_with("ca_file /nowhere/ca.pem: "));
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let empty = tls(Some(&here)).err().unwrap().to_string();
        assert!(empty.contains("BEGIN CERTIFICATE"), "{empty}");
        assert!(tls(None).is_ok());
    }
}
