-- +goose Up
-- What is collected by type (B1.5), the nature of a customer (C6.8) and the rest of 客户基本信息表 (C15.8).
alter table customer_customer add column nature text not null default '';
alter table customer_customer add column trade text not null default '';
alter table customer_customer add column enterprise text not null default '';
alter table customer_customer add column parent_org text not null default '';
alter table customer_customer add column plates text not null default '';
alter table customer_customer add column relation text not null default '';
alter table customer_customer add column lease_from text;
alter table customer_customer add column lease_to text;
create index customer_customer_nature on customer_customer (project_id, nature, filed_at, id);

-- E-mail addresses of contacts, in small letters, for exact look-up; masked wherever they are shown. The customer's
-- journal entries cover these rows and all others below that have no version.
create table customer_mail (
  project_id bigint not null,
  id bigint not null,
  customer_id bigint not null,
  contact_id bigint,
  address text not null,
  primary key (project_id, id)
){{clustered}};
create index customer_mail_address on customer_mail (project_id, address);
create index customer_mail_customer on customer_mail (project_id, customer_id);

-- A8.1: what is collected at admission and day by day.
create table customer_paper (
  project_id bigint not null,
  id bigint not null,
  customer_id bigint not null,
  at bigint not null,
  by_name text not null default '',
  kind text not null,
  title text not null default '',
  number text not null default '',
  until text,
  primary key (project_id, id)
){{clustered}};
create index customer_paper_customer on customer_paper (project_id, customer_id, id);
create table customer_note (
  project_id bigint not null,
  id bigint not null,
  customer_id bigint not null,
  at bigint not null,
  on_day text not null,
  by_name text not null default '',
  kind text not null,
  text text not null,
  primary key (project_id, id)
){{clustered}};
create index customer_note_customer on customer_note (project_id, customer_id, on_day, id);

-- C15.7: letters, faxes, calls, e-mails and instant messages. Source names the record that a line was filed from.
create table customer_letter (
  project_id bigint not null,
  id bigint not null,
  customer_id bigint not null,
  at bigint not null,
  direction text not null,
  how text not null,
  subject text not null default '',
  text text not null default '',
  by_name text not null default '',
  source_kind text not null default '',
  source_id bigint,
  primary key (project_id, id)
){{clustered}};
create index customer_letter_customer on customer_letter (project_id, customer_id, at, id);

-- B1.6: a customer is asked to check the information by a link of his own; only the token's hash is kept.
create table customer_asked (
  project_id bigint not null,
  id bigint not null,
  customer_id bigint not null,
  token_hash text not null,
  channel text not null,
  sent_at bigint not null,
  sent_by text not null default '',
  until bigint not null,
  answered_at bigint,
  primary key (project_id, id)
){{clustered}};
create unique index customer_asked_token on customer_asked (project_id, token_hash);
create index customer_asked_customer on customer_asked (project_id, customer_id, sent_at);

-- C15.8: 客户信息维护表. What was and what is to be stand sealed under the customer's key.
create table customer_upkeep (
  {{row}},
  number text not null,
  customer_id bigint not null,
  source text not null,
  state text not null,
  fields text not null default '',
  summary text not null default '',
  by_name text not null default '',
  how text not null default '',
  note text not null default '',
  ended_at bigint,
  ended_by text not null default '',
  {{pk}}
){{clustered}};
create index customer_upkeep_list on customer_upkeep (project_id, state, id);
create index customer_upkeep_customer on customer_upkeep (project_id, customer_id, id);

-- C15.3: who may read a file in full, until when.
create table customer_access (
  {{row}},
  customer_id bigint not null,
  user_id bigint not null,
  user_name text not null default '',
  approver text not null default '',
  reason text not null,
  own boolean not null,
  until bigint not null,
  {{pk}}
){{clustered}};
create index customer_access_user on customer_access (project_id, customer_id, user_id, until);
create index customer_access_list on customer_access (project_id, id);
