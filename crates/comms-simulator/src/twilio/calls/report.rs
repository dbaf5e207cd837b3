//! What a call tells and asks the site.

use crate::ledger::Subject;

use super::{
    super::{
        config::Hook,
        hooks::{Ask, pair},
    },
    Call, Run,
    fields::{self, Reporter},
    recorder::Target,
};

impl Run {
    /// The webhook that asks for a document.
    pub(crate) fn ask(
        &self,
        hook: &Hook,
        kind: &str,
        status: Option<String>,
        more: Vec<(String, String)>,
    ) -> Option<Ask> {
        let mut params = fields::of_call(&self.call);
        params.extend(self.call.application_sid.as_ref().map(|sid| pair("ApplicationSid", sid)));
        if self.call.answered_by.is_some() && kind == "voice_request" {
            params.push(pair("MachineDetectionDuration", "3000"));
        }
        for (name, value) in more {
            if !params.iter().any(|(known, _)| *known == name) {
                params.push((name, value));
            }
        }
        Some(Ask {
            account_sid: self.account.sid.clone(),
            url: hook.url.clone()?,
            method: hook.method.clone(),
            params,
            subject: Subject { kind: kind.to_owned(), id: self.call.sid.clone(), status },
        })
    }

    /// Tells what the detection of machines found on a leg.
    pub(crate) async fn report_detection(&mut self, leg: &Call, answered_by: &str, target: &Target) {
        let Some(url) = target.url.clone() else {
            return;
        };
        let params = vec![
            pair("CallSid", &leg.sid),
            pair("AccountSid", &leg.account_sid),
            pair("AnsweredBy", answered_by),
            pair("MachineDetectionDuration", "3000"),
        ];
        self.callbacks
            .push(Ask {
                account_sid: leg.account_sid.clone(),
                url,
                method: target.method.clone(),
                params,
                subject: subject("call_detection", &leg.sid, answered_by),
            })
            .await;
    }

    /// Tells how the leg of the documents gets on.
    pub(crate) async fn report(&mut self, event: &str) {
        let (told, counts) = self.reporter.hears(event);
        let sequence = self.sequence;
        self.sequence += u32::from(counts);
        if told {
            let (leg, reporter) = (self.call.clone(), self.reporter.clone());
            self.report_on(&leg, &reporter, sequence).await;
        }
    }

    /// Tells how a leg gets on.
    pub(crate) async fn report_on(&mut self, leg: &Call, reporter: &Reporter, sequence: u32) {
        let Some(url) = reporter.url.clone() else {
            return;
        };
        let ask = Ask {
            account_sid: leg.account_sid.clone(),
            url,
            method: reporter.method.clone(),
            params: fields::of_progress(leg, sequence, self.at()),
            subject: subject("call_status", &leg.sid, &leg.status),
        };
        self.callbacks.push(ask).await;
    }
}

pub(crate) fn subject(kind: &str, id: &str, status: &str) -> Subject {
    Subject { kind: kind.to_owned(), id: id.to_owned(), status: Some(status.to_owned()) }
}
