//! Certificates for tests, made when they are needed: nothing secret is kept in the repository.

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::symm::Cipher;
use openssl::x509::extension::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder, X509Name, X509NameBuilder};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Who signs certificates.
pub struct Authority {
    key: PKey<Private>,
    certificate: X509,
}

/// When a certificate is valid, in days from now.
#[derive(Clone, Copy)]
pub struct Days {
    pub from: i64,
    pub to: i64,
}

const VALID: Days = Days { from: -1, to: 2 };
pub const EXPIRED: Days = Days { from: -10, to: -1 };
const DAY: i64 = 86_400;

impl Authority {
    pub fn new(name: &str) -> Authority {
        let make = || -> Result<Authority, ErrorStack> {
            let key = new_key()?;
            let mut builder = begin(&named(name)?, VALID, &key)?;
            builder.set_issuer_name(&*named(name)?)?;
            builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
            builder.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
            builder.sign(&key, MessageDigest::sha256())?;
            Ok(Authority { key, certificate: builder.build() })
        };
        make().expect("OpenSSL makes a certificate")
    }

    /// Its own certificate, in a file.
    pub fn write(&self, path: &Path) -> PathBuf {
        let pem = self.certificate.to_pem().expect("a certificate has a PEM form");
        fs::write(path, pem).expect("written");
        path.to_owned()
    }

    /// A certificate for a host (a name or an address) or a client.
    pub fn issue(&self, name: &str, hosts: &[&str], days: Option<Days>) -> Issued {
        let make = || -> Result<Issued, ErrorStack> {
            let key = new_key()?;
            let mut builder = begin(&named(name)?, days.unwrap_or(VALID), &key)?;
            builder.set_issuer_name(self.certificate.subject_name())?;
            builder.append_extension(BasicConstraints::new().build()?)?;
            builder.append_extension(ExtendedKeyUsage::new().server_auth().client_auth().build()?)?;
            if !hosts.is_empty() {
                let mut alternatives = SubjectAlternativeName::new();
                for host in hosts {
                    match host.parse::<std::net::IpAddr>() {
                        Ok(_) => alternatives.ip(host),
                        Err(_) => alternatives.dns(host),
                    };
                }
                let context = builder.x509v3_context(Some(&self.certificate), None);
                let extension = alternatives.build(&context)?;
                builder.append_extension(extension)?;
            }
            builder.sign(&self.key, MessageDigest::sha256())?;
            Ok(Issued { key, certificate: builder.build(), issuer: self.certificate.clone() })
        };
        make().expect("OpenSSL makes a certificate")
    }
}

/// A certificate with its key.
pub struct Issued {
    key: PKey<Private>,
    certificate: X509,
    issuer: X509,
}

impl Issued {
    /// Key and chain in one file, as a broker takes them.
    pub fn write_for_broker(&self, path: &Path) -> PathBuf {
        let pem = || -> Result<Vec<u8>, ErrorStack> {
            Ok([self.key.private_key_to_pem_pkcs8()?, self.certificate.to_pem()?, self.issuer.to_pem()?]
                .concat())
        };
        write_private(path, &pem().expect("keys and certificates have a PEM form"))
    }

    /// The certificate, and the key under a password.
    pub fn write_for_client(&self, certificate: &Path, key: &Path, password: &str) {
        fs::write(certificate, self.certificate.to_pem().expect("a PEM form")).expect("written");
        let encrypted =
            self.key.private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), password.as_bytes());
        write_private(key, &encrypted.expect("a PEM form"));
    }
}

fn write_private(path: &Path, text: &[u8]) -> PathBuf {
    fs::write(path, text).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("set");
    path.to_owned()
}

fn new_key() -> Result<PKey<Private>, ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    PKey::from_ec_key(EcKey::generate(&group)?)
}

fn named(name: &str) -> Result<X509Name, ErrorStack> {
    let mut builder = X509NameBuilder::new()?;
    builder.append_entry_by_nid(Nid::COMMONNAME, name)?;
    Ok(builder.build())
}

fn begin(name: &X509Name, days: Days, key: &PKey<Private>) -> Result<X509Builder, ErrorStack> {
    #[expect(clippy::disallowed_methods, reason = "certificates are valid by the wall clock")]
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("behind 1970").as_secs()
            as i64;
    let mut builder = X509Builder::new()?;
    builder.set_version(2)?;
    let mut serial = BigNum::new()?;
    serial.rand(120, MsbOption::MAYBE_ZERO, false)?;
    builder.set_serial_number(&*Asn1Integer::from_bn(&serial)?)?;
    builder.set_subject_name(name)?;
    builder.set_not_before(&*Asn1Time::from_unix(now + days.from * DAY)?)?;
    builder.set_not_after(&*Asn1Time::from_unix(now + days.to * DAY)?)?;
    builder.set_pubkey(key)?;
    Ok(builder)
}

/// So many random letters and digits that nobody guesses them.
pub fn random_password() -> String {
    let mut bytes = [0u8; 16];
    openssl::rand::rand_bytes(&mut bytes).expect("random bytes");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
