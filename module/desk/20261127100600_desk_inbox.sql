-- +goose Up
-- A mailbox whose letters become matters. The password is sealed.
create table desk_inbox (
  {{row}},
  name text not null,
  host text not null,
  port bigint not null default 0,
  security text not null,
  allow_plain boolean not null default false,
  login text not null,
  password text not null default '',
  address text not null,
  folder text not null,
  done_folder text not null default '',
  enabled boolean not null default true,
  {{pk}}
){{clustered}};
-- How far a mailbox has been read: real time, no business record.
create table desk_inbox_state (
  project_id bigint not null,
  inbox_id bigint not null,
  validity bigint not null,
  last_uid bigint not null,
  checked_at bigint not null,
  error text not null default '',
  primary key (project_id, inbox_id)
){{clustered}};
-- Every letter that was received, once: by its place in the mailbox, and by its own identity (letter_key) should the
-- mailbox deliver it again. The letter as it came is attached.
create table desk_mail (
  {{row}},
  inbox_id bigint not null,
  validity bigint not null,
  uid bigint not null,
  letter_key text not null,
  message_id text not null default '',
  from_name text not null default '',
  from_address text not null default '',
  subject text not null default '',
  text text not null default '',
  received_at bigint not null,
  size bigint not null default 0,
  state text not null,
  reason text not null default '',
  reason_en text not null default '',
  matter_id bigint,
  matter_number text not null default '',
  customer_id bigint,
  customer_name text not null default '',
  answered boolean not null default false,
  ended_by text not null default '',
  {{pk}}
){{clustered}};
create unique index desk_mail_place on desk_mail (project_id, inbox_id, validity, uid);
create unique index desk_mail_key on desk_mail (project_id, letter_key);
create index desk_mail_list on desk_mail (project_id, id);
create index desk_mail_state on desk_mail (project_id, state, id);
create index desk_mail_message on desk_mail (project_id, message_id) where message_id <> '';
create index desk_mail_matter on desk_mail (project_id, matter_id, id) where matter_id is not null;
create index desk_mail_customer on desk_mail (project_id, customer_id) where customer_id is not null;
create index desk_mail_from on desk_mail (project_id, from_address, created_at);
