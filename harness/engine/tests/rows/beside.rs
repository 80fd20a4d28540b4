//! What stands beside an answer: probabilities, limits, counters, the choice of a gateway.

use weighbridge_engine::{Admin, Dialect, HttpBackend};
use weighbridge_mock::ChoiceReport;

use crate::asking::{CHOSEN, answered, asking, config, fleet};
use crate::feature::Feature;
use crate::row::Group;
use crate::table::rows;

#[tokio::test]
async fn probabilities_are_read_where_the_wire_has_them() {
    for row in rows() {
        let fleet = fleet(&row, |_| {}).await;
        let mut seen = Vec::new();
        for stream in [true, false] {
            let backend = asking(&row, &fleet, &serde_json::Value::Null, stream);
            let (_, attempt) = answered(&row, &backend, "Compute 3 + 4.").await;
            let is_sure = attempt.confidence.is_some_and(|c| c > 0.0 && c <= 1.0);
            assert_eq!(is_sure, row.has(Feature::Logprobs), "{}", row.name);
            seen.push(attempt.confidence.unwrap_or(0.0));
        }
        assert!((seen[0] - seen[1]).abs() < 1e-5, "{}: {seen:?}", row.name);
    }
}

#[tokio::test]
async fn limits_are_read_from_headers() {
    for row in rows() {
        let fleet = fleet(&row, |_| {}).await;
        let backend = HttpBackend::new(config(&row, &fleet)).unwrap();
        let (_, attempt) = answered(&row, &backend, "Compute 4 + 4.").await;
        let said = attempt.server.unwrap_or_default();
        let left = (said.requests.remaining, said.tokens.remaining);
        let has_limits = row.has(Feature::Limits);
        let expected = (has_limits.then_some(49), has_limits.then_some(39_000));
        assert_eq!(left, expected, "{}", row.name);
        assert_eq!(
            said.requests.limit,
            has_limits.then_some(50),
            "{}",
            row.name
        );
    }
}

#[tokio::test]
async fn counters_health_and_models_are_read_from_servers_of_ones_own() {
    for row in rows() {
        let name = row.name;
        let fleet = fleet(&row, |_| {}).await;
        let admin = Admin::new(&config(&row, &fleet)).unwrap();
        let before = admin.counters().await.unwrap();
        assert_eq!(before.is_some(), row.has(Feature::Counters), "{name}");
        let is_own = row.group == Group::SelfHosted;
        assert_eq!(admin.health().await.unwrap().is_some(), is_own, "{name}");
        if let Some(models) = admin.models().await.unwrap() {
            assert!(models.iter().any(|m| m == "medium"), "{name}: {models:?}");
        }
        let Some(before) = before else { continue };
        let backend = HttpBackend::new(config(&row, &fleet)).unwrap();
        for _ in 0..2 {
            answered(&row, &backend, "Compute 5 + 5.").await;
        }
        let after = admin.counters().await.unwrap().unwrap();
        assert!(after.running.is_some() && after.waiting.is_some(), "{name}");
        let log = fleet.log();
        let sum = |of: fn(&weighbridge_mock::RequestRecord) -> usize| {
            log.iter().map(of).sum::<usize>() as f64
        };
        let served = (sum(|r| r.cached_tokens), sum(|r| r.prompt_tokens));
        // TGI counts requests, not tokens.
        let expected = row.has(Feature::CacheRead).then_some(served);
        assert_eq!(after.since(&before), expected, "{name}");
    }
}

#[tokio::test]
async fn the_choice_of_a_gateway_is_read_where_it_is_reported() {
    for row in rows() {
        let name = row.name;
        let fleet = fleet(&row, |_| {}).await;
        let backend = HttpBackend::new(config(&row, &fleet)).unwrap();
        let (_, attempt) = answered(&row, &backend, "Compute 7 + 7.").await;
        let said = attempt.server.unwrap_or_default();
        let expected = match row.report {
            None => None,
            Some(ChoiceReport::Litellm) => Some((CHOSEN, "x-litellm-model-name")),
            Some(ChoiceReport::SemanticRouter) => Some((CHOSEN, "x-vsr-selected-model")),
            // The place of a target in the gateway's own configuration.
            Some(ChoiceReport::Portkey) => {
                Some(("config.targets[3]", "x-portkey-last-used-option-index"))
            }
            Some(ChoiceReport::Body | ChoiceReport::Envoy | ChoiceReport::Nowhere) => {
                Some((CHOSEN, "body"))
            }
        };
        assert_eq!(expected.is_some(), row.has(Feature::Chosen), "{name}");
        if let Some((model, from)) = expected {
            let served = said.served_model.unwrap();
            assert_eq!((&*served.name, &*served.from), (model, from), "{name}");
            assert!(!served.is_alias, "{name}");
            assert_eq!(fleet.log().pop().unwrap().tier, CHOSEN);
            // Two of them say what the call cost.
            let says_cost = matches!(row.dialect, Dialect::Openrouter | Dialect::Litellm);
            assert_eq!(said.cost_usd.is_some_and(|c| c > 0.0), says_cost, "{name}");
        }
    }
}

#[tokio::test]
async fn a_gateway_that_repeats_the_name_hides_its_choice_and_that_is_said() {
    for row in rows().into_iter().filter(|row| row.report.is_some()) {
        let hide = |config: &mut weighbridge_mock::FleetConfig| {
            config.gateway.as_mut().unwrap().report = ChoiceReport::Nowhere;
        };
        let fleet = fleet(&row, hide).await;
        let backend = HttpBackend::new(config(&row, &fleet)).unwrap();
        let (_, attempt) = answered(&row, &backend, "Compute 8 + 8.").await;
        let served = attempt.server.unwrap().served_model.unwrap();
        assert!(served.is_alias, "{}: {served:?}", row.name);
    }
}

#[tokio::test]
async fn what_a_gateway_did_inside_is_read_where_it_says_so() {
    for row in rows().into_iter().filter(|row| row.report.is_some()) {
        let busy = |config: &mut weighbridge_mock::FleetConfig| {
            let gateway = config.gateway.as_mut().unwrap();
            (gateway.retries, gateway.fallbacks) = (2, 1);
        };
        let fleet = fleet(&row, busy).await;
        let backend = HttpBackend::new(config(&row, &fleet)).unwrap();
        let (_, attempt) = answered(&row, &backend, "Compute 9 + 8.").await;
        let said = attempt.server.unwrap();
        let target = said.gateway_target.as_deref();
        let expected = match row.dialect {
            Dialect::Litellm => (Some(2), Some(1), Some("deployment-1")),
            Dialect::Portkey => (Some(2), None, Some("config.targets[3]")),
            Dialect::EnvoyAi => (Some(2), None, None),
            _ => (None, None, None),
        };
        let seen = (said.gateway_retries, said.gateway_fallbacks, target);
        assert_eq!(seen, expected, "{}", row.name);
    }
}
