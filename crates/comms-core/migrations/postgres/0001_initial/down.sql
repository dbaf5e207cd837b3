DROP TABLE marks, credentials, opt_outs, attachments, events, outbox, updates, status_events, messages, conversations,
    identities, contacts, quarantine, webhooks, service_tokens, accounts, organizations;
