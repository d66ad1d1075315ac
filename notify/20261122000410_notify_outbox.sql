-- +goose Up
-- One row is one delivery: one recipient, one channel, one text. Address and text are sealed under the customer's key, or
-- the project's own. claim and claimed_at (real time) say which node is sending it; next_at is business time.
create table notify_outbox (
  {{row}},
  ref_kind text not null,
  ref_id bigint,
  ref_project bigint,
  message_id bigint,
  user_id bigint,
  customer_id bigint,
  contact_id bigint,
  hook_id bigint,
  channel text not null,
  template text not null,
  language text not null,
  urgent boolean not null,
  address text not null,
  address_mask text not null,
  address_blind text not null,
  title text not null,
  body text not null,
  state text not null,
  tries bigint not null default 0,
  next_at bigint,
  error text not null default '',
  sent_at bigint,
  claim text,
  claimed_at bigint,
  doubtful boolean not null default false,
  {{pk}}
){{clustered}};
create index notify_outbox_state on notify_outbox (project_id, state, id);
create index notify_outbox_ref on notify_outbox (project_id, ref_kind, ref_id, id) where ref_id is not null;
create index notify_outbox_channel on notify_outbox (project_id, channel, id);
create index notify_outbox_address on notify_outbox (project_id, address_blind, id) where address_blind <> '';
create index notify_outbox_customer on notify_outbox (project_id, customer_id) where customer_id is not null;
create index notify_outbox_due on notify_outbox (next_at) where state = 'queued';
create unique index notify_outbox_once on notify_outbox (project_id, message_id, user_id, channel) where message_id is not null;
-- What waits for a user's daily digest. The digest takes its rows away.
create table notify_held (
  project_id bigint not null,
  user_id bigint not null,
  message_id bigint not null,
  due_at bigint not null,
  primary key (project_id, user_id, message_id)
){{clustered}};
create index notify_held_due on notify_held (due_at);
-- What a person wants: a user (project 1) or a customer's contact (in the project). The mail address is sealed.
create table notify_choice (
  {{row}},
  person_id bigint not null,
  mail text not null,
  urgent text not null,
  ordinary text not null,
  daily boolean not null,
  digest_at text not null,
  quiet_from text not null,
  quiet_to text not null,
  {{pk}}
){{clustered}};
create unique index notify_choice_person on notify_choice (project_id, person_id);
-- The firm's channels. The whole setting is sealed: it holds passwords and addresses that are as good as one.
create table notify_setting (
  {{row}},
  part text not null,
  sealed text not null,
  {{pk}}
){{clustered}};
create unique index notify_setting_part on notify_setting (project_id, part);
-- Who is told of events by HTTP.
create table notify_hook (
  {{row}},
  name text not null,
  url text not null,
  events text not null,
  secret text not null,
  enabled boolean not null,
  {{pk}}
){{clustered}};
