//! Why a broker and this client do not come together, in words that say what to do.

use crate::token::UNREACHABLE;
use rdkafka::types::RDKafkaRespErr as Code;

/// What is wrong with a broker's certificate, by OpenSSL's numbers.
fn of_certificate(found: i32) -> String {
    match found {
        10 => "its certificate has expired; the broker needs a new one (or the clock of this machine is wrong)".to_owned(),
        9 => "its certificate is not valid yet; is the clock of this machine right?".to_owned(),
        62 | 64 => "its certificate is for another host name; name the broker in --brokers (and in its `advertised.listeners`) as its certificate does, \
             or give it a certificate with this name"
            .to_owned(),
        2 | 18..=21 => "its certificate is of a CA that is not trusted here; name the CA's PEM file with `ssl.ca.location`".to_owned(),
        23 => "its certificate was revoked".to_owned(),
        other => format!("its certificate is not accepted (OpenSSL's error {other})"),
    }
}

/// What a client is told that no waiting will help. `code`, `reason`: of librdkafka; `certificate`: OpenSSL's number, 0 for none.
pub fn refusal(code: i32, reason: &str, certificate: i32) -> Option<String> {
    let has = |part: &str| reason.contains(part);
    if code == Code::RD_KAFKA_RESP_ERR__AUTHENTICATION as i32 {
        if has(UNREACHABLE) {
            return None;
        }
        // What the broker has enabled stands there, too.
        let todo = if has("Unsupported SASL mechanism") {
            "set `sasl.mechanism` to one that the broker has enabled"
        } else if has("OAUTHBEARER") || has("oken") {
            "look at sasl.oauthbearer.client.id, sasl.oauthbearer.client.secret and sasl.oauthbearer.token.endpoint.url"
        } else {
            "look at sasl.username, sasl.password and sasl.mechanism"
        };
        return Some(format!("the broker does not let this client in: {reason}; {todo}"));
    }
    if certificate != 0 && code == Code::RD_KAFKA_RESP_ERR__SSL as i32 {
        return Some(format!("the broker is not trusted: {} ({reason})", of_certificate(certificate)));
    }
    // What a broker says of the client's certificate, which comes behind the handshake, as what breaks the connection off.
    if has("alert") && (has("certificate") || has("unknown ca")) {
        return Some(format!(
            "the broker does not accept this client's certificate, or the want of one: {reason}; name a certificate of a CA that the broker \
             trusts, and its key, with `ssl.certificate.location` and `ssl.key.location`"
        ));
    }
    None
}

/// What is told where librdkafka tells nothing but that no broker is there: each connection broke off.
pub fn broke_off(security: &str) -> &'static str {
    if security.ends_with("ssl") {
        "no broker answers (does this port speak TLS, and does it want a client's certificate?)"
    } else {
        "no broker answers (does this port want TLS or a password? `security.protocol` says which)"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waiting_does_not_help_is_told_with_what_to_do() {
        let ssl = Code::RD_KAFKA_RESP_ERR__SSL as i32;
        let sasl = Code::RD_KAFKA_RESP_ERR__AUTHENTICATION as i32;
        let told = |code, reason, certificate| refusal(code, reason, certificate).expect("refused");
        assert!(told(ssl, "certificate verify failed", 19).contains("`ssl.ca.location`"));
        assert!(told(ssl, "certificate verify failed", 10).contains("has expired"));
        assert!(told(ssl, "certificate verify failed", 62).contains("another host name"));
        assert!(
            told(
                Code::RD_KAFKA_RESP_ERR__TRANSPORT as i32,
                "Receive failed: ssl/tls alert bad certificate: SSL alert number 42",
                0
            )
            .contains("`ssl.certificate.location`")
        );
        assert!(told(sasl, "Authentication failed", 0).contains("sasl.password"));
        assert!(told(sasl, "Unsupported SASL mechanism", 0).contains("`sasl.mechanism`"));
        assert_eq!(refusal(ssl, "SSL handshake failed: Disconnected", 0), None, "a broker that restarts");
        assert_eq!(refusal(Code::RD_KAFKA_RESP_ERR__TRANSPORT as i32, "Connection refused", 0), None);
    }
}
