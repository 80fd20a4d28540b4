//! Failures before an answer, inside it, and where it is cut.

use weighbridge_engine::{HttpBackend, Reply};
use weighbridge_mock::fault::{Fault, FaultRule};
use weighbridge_record::{AttemptError, AttemptErrorKind};

use crate::asking::{ask, config, fleet};
use crate::row::Row;
use crate::table::rows;

/// What a call that is struck by a fault leaves.
async fn struck(row: &Row, fault: Fault, stream: bool) -> (AttemptError, Reply) {
    let fleet = fleet(row, |config| {
        config.faults = vec![FaultRule::every(1, fault)]
    })
    .await;
    let mut config = config(row, &fleet);
    config.stream = stream;
    let backend = HttpBackend::new(config).unwrap();
    let reply = ask(&backend, "Compute 5 + 5.").await;
    assert!(reply.answer.is_none(), "{} {fault:?}", row.name);
    (reply.attempt.error.clone().unwrap(), reply)
}

#[tokio::test]
async fn an_error_before_the_answer_says_what_and_when_to_come_back() {
    use AttemptErrorKind::{RateLimited, Rejected, Server};
    for row in rows() {
        let name = row.name;
        for (fault, kind, status) in [
            (
                Fault::TooManyRequests { retry_after_s: 3 },
                RateLimited,
                429,
            ),
            (Fault::ServerError, Server, 500),
            (Fault::Unavailable, Server, 503),
        ] {
            let (error, reply) = struck(&row, fault, true).await;
            assert_eq!((error.kind, error.status), (kind, Some(status)), "{name}");
            assert!(
                error.message.contains("scripted"),
                "{name}: {}",
                error.message
            );
            let wait = (kind == RateLimited).then_some(3);
            assert_eq!(reply.retry_after.map(|d| d.as_secs()), wait, "{name}");
        }
        // TGI serves one model and asks for none.
        if row.dialect != weighbridge_engine::Dialect::Tgi {
            let fleet = fleet(&row, |_| {}).await;
            let mut config = config(&row, &fleet);
            config.model = "absent".to_owned();
            let reply = ask(&HttpBackend::new(config).unwrap(), "Compute 5 + 5.").await;
            let error = reply.attempt.error.unwrap();
            assert_eq!((error.kind, error.status), (Rejected, Some(404)), "{name}");
            assert!(
                error.message.contains("absent"),
                "{name}: {}",
                error.message
            );
        }
    }
}

#[tokio::test]
async fn an_error_inside_a_200_is_an_error() {
    for row in rows() {
        for stream in [true, false] {
            let fault = Fault::ErrorEvent { after_tokens: 2 };
            let (error, reply) = struck(&row, fault, stream).await;
            let name = format!("{} stream {stream}: {error:?}", row.name);
            assert_eq!(error.kind, AttemptErrorKind::ErrorEvent, "{name}");
            assert!(error.message.contains("scripted"), "{name}");
            // What had come by then is kept, and was paid for.
            assert_eq!(reply.attempt.first_token_ms.is_some(), stream, "{name}");
        }
    }
}

#[tokio::test]
async fn a_cut_stream_is_no_answer() {
    for row in rows() {
        let (error, reply) = struck(&row, Fault::Cut { after_tokens: 2 }, true).await;
        assert_eq!(error.kind, AttemptErrorKind::Reset, "{}", row.name);
        assert!(reply.attempt.first_token_ms.is_some(), "{}", row.name);
    }
}
