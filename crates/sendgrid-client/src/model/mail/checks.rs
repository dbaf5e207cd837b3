//! What SendGrid would refuse of a mail, or take and drop.

use std::collections::{BTreeMap, HashSet};

use comms_http::{Error, Result};

use super::{Mail, MailSettings, Personalization, place};
use crate::{limits, model::person::Person};

impl Mail {
    /// Checks what SendGrid would refuse, or take and drop.
    ///
    /// # Errors
    /// `InvalidRequest` with the field.
    pub fn check(&self) -> Result<()> {
        self.from.check("from")?;
        self.check_people()?;
        self.check_words()?;
        self.check_content()?;
        self.check_headers()?;
        if let Some(asm) = &self.asm {
            at_most("asm.groups_to_display", asm.groups_to_display.len(), limits::GROUPS_TO_DISPLAY)?;
        }
        self.mail_settings.as_ref().map_or(Ok(()), MailSettings::check)
    }

    fn check_people(&self) -> Result<()> {
        if self.personalizations.is_empty() {
            return Err(refused("personalizations", "nobody is written to"));
        }
        at_most("personalizations", self.personalizations.len(), limits::PERSONALIZATIONS)?;
        let mut all = 0;
        for personalization in &self.personalizations {
            if personalization.to.is_empty() {
                return Err(refused("personalizations.to", "nobody is written to"));
            }
            if let Some(from) = &personalization.from {
                from.check("personalizations.from")?;
            }
            let mut seen = HashSet::new();
            for (field, person) in personalization.people() {
                person.check(field)?;
                if !seen.insert(person.email.to_lowercase()) {
                    return Err(refused(field, "one address twice among to, cc and bcc"));
                }
                all += 1;
            }
        }
        at_most("personalizations", all, limits::RECIPIENTS)?;
        if self.reply_to.is_some() && !self.reply_to_list.is_empty() {
            return Err(refused("reply_to_list", "either reply_to or reply_to_list"));
        }
        at_most("reply_to_list", self.reply_to_list.len(), limits::REPLY_TO)?;
        let replies = self.reply_to.iter().chain(&self.reply_to_list);
        replies.into_iter().try_for_each(|person| person.check("reply_to"))
    }

    fn check_words(&self) -> Result<()> {
        at_most("categories", self.categories.len(), limits::CATEGORIES)?;
        for category in &self.categories {
            at_most("categories", category.chars().count(), limits::CATEGORY)?;
        }
        if self.categories.iter().collect::<HashSet<_>>().len() < self.categories.len() {
            return Err(refused("categories", "one category twice"));
        }
        let length = |args: &BTreeMap<String, String>| serde_json::to_string(args).map_or(0, |json| json.len());
        let common = length(&self.custom_args);
        let most = self.personalizations.iter().map(|one| length(&one.custom_args)).max().unwrap_or_default();
        at_most("custom_args", common + most, limits::CUSTOM_ARGS)
    }

    fn check_content(&self) -> Result<()> {
        if self.content.is_empty() && self.template_id.is_none() {
            return Err(refused("content", "there is neither content nor template"));
        }
        if self.content.iter().any(|content| content.kind.is_empty() || content.value.is_empty()) {
            return Err(refused("content", "a part is empty"));
        }
        if !self.content.is_sorted_by_key(|content| place(&content.kind)) {
            return Err(refused("content", "text/plain comes first, then text/html, then any other"));
        }
        if self.template_id.is_none() && self.subjects().any(|subject| subject.trim().is_empty()) {
            return Err(refused("subject", "the subject is empty"));
        }
        for subject in self.subjects() {
            at_most("subject", subject.chars().count(), limits::SUBJECT)?;
            if subject.chars().any(|c| matches!(c, '\r' | '\n' | '\0')) {
                return Err(refused("subject", "the subject holds a line break"));
            }
        }
        let parts = self.content.iter().map(|content| content.value.len());
        let files = self.attachments.iter().map(|file| file.content.len());
        at_most("attachments", parts.chain(files).sum(), limits::MESSAGE)?;
        for file in &self.attachments {
            if file.filename.is_empty() || file.content.is_empty() {
                return Err(refused("attachments", "a file has no name or is empty"));
            }
            if file.filename.chars().any(char::is_control) {
                return Err(refused("attachments.filename", "a name holds a line break or another control character"));
            }
        }
        Ok(())
    }

    /// The subject of each mail: absent counts as empty.
    fn subjects(&self) -> impl Iterator<Item = &str> {
        self.personalizations
            .iter()
            .map(|one| one.subject.as_ref().or(self.subject.as_ref()).map_or("", String::as_str))
    }

    fn check_headers(&self) -> Result<()> {
        let own = self.personalizations.iter().flat_map(|one| &one.headers);
        for (name, value) in self.headers.iter().chain(own) {
            if limits::RESERVED_HEADERS.iter().any(|reserved| name.eq_ignore_ascii_case(reserved)) {
                return Err(refused("headers", &format!("{name} is SendGrid's to set")));
            }
            let plain = |c: char| c.is_ascii_graphic() && c != ':';
            if name.is_empty() || !name.chars().all(plain) || value.chars().any(|c| c.is_control() && c != '\t') {
                return Err(refused("headers", "a header holds a line break, or a name that none has"));
            }
        }
        Ok(())
    }
}

impl Personalization {
    fn people(&self) -> impl Iterator<Item = (&'static str, &Person)> {
        let copies = self.cc.iter().map(|person| ("cc", person)).chain(self.bcc.iter().map(|person| ("bcc", person)));
        self.to.iter().map(|person| ("to", person)).chain(copies)
    }
}

pub(super) fn refused(field: &str, what: &str) -> Error {
    Error::invalid(what).field(field)
}

fn at_most(field: &str, number: usize, limit: usize) -> Result<()> {
    if number > limit { Err(refused(field, &format!("more than {limit}"))) } else { Ok(()) }
}
