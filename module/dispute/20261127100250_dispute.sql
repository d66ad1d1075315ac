-- +goose Up
-- A6.3: a dispute from its opening to its agreement or the legal route.
create table dispute_case (
  {{row}},
  number text not null,
  title text not null,
  sort text not null,
  content text not null,
  place text not null default '',
  amount bigint not null,
  complaint_id bigint,
  mediator_id bigint,
  mediator text not null default '',
  state text not null,
  open boolean not null,
  at bigint not null,
  day text not null,
  month text not null,
  talks bigint not null,
  terms text not null default '',
  agreed_at bigint,
  signed_at bigint,
  signed_by text not null default '',
  failed_at bigint,
  failure text not null default '',
  route text not null default '',
  advice text not null default '',
  advised_at bigint,
  legal_to text not null default '',
  legal_note text not null default '',
  legal_at bigint,
  held boolean not null,
  hold_reason text not null default '',
  hold_by text not null default '',
  hold_at bigint,
  result text not null default '',
  closed_at bigint,
  reason text not null default '',
  {{pk}}
){{clustered}};
create index dispute_case_open on dispute_case (project_id, at, id) where open;
create index dispute_case_at on dispute_case (project_id, at, id);
create index dispute_case_state on dispute_case (project_id, state, at, id);
create index dispute_case_month on dispute_case (project_id, month, id);
create index dispute_case_complaint on dispute_case (project_id, complaint_id);

-- The sides; the dispute's journal entries cover these rows, the talks and the holds.
create table dispute_party (
  project_id bigint not null,
  id bigint not null,
  dispute_id bigint not null,
  kind text not null,
  customer_id bigint,
  name text not null,
  person text not null default '',
  phone text not null default '',
  opinion text not null default '',
  evidence text not null default '',
  opined_at bigint,
  opined_by text not null default '',
  primary key (project_id, id)
){{clustered}};
create index dispute_party_of on dispute_party (project_id, dispute_id, id);
create index dispute_party_customer on dispute_party (project_id, customer_id);

create table dispute_talk (
  project_id bigint not null,
  id bigint not null,
  dispute_id bigint not null,
  number bigint not null,
  at bigint not null,
  place text not null default '',
  present text not null default '',
  minutes text not null,
  outcome text not null default '',
  by_name text not null default '',
  primary key (project_id, id)
){{clustered}};
create index dispute_talk_of on dispute_talk (project_id, dispute_id, id);

create table dispute_act (
  {{row}},
  dispute_id bigint not null,
  number text not null,
  party_id bigint not null,
  party text not null default '',
  customer_id bigint,
  what text not null,
  due_day text not null,
  state text not null,
  open boolean not null,
  done_at bigint,
  evidence text not null default '',
  {{pk}}
){{clustered}};
create index dispute_act_of on dispute_act (project_id, dispute_id, id);
create index dispute_act_open on dispute_act (project_id, due_day, id) where open;
create index dispute_act_due on dispute_act (project_id, due_day, id);

-- L6: what must be kept, and why.
create table dispute_hold (
  project_id bigint not null,
  id bigint not null,
  dispute_id bigint not null,
  kind text not null,
  record_id bigint not null,
  at bigint not null,
  released_at bigint,
  primary key (project_id, id)
){{clustered}};
create unique index dispute_hold_one on dispute_hold (project_id, dispute_id, kind, record_id);
create index dispute_hold_record on dispute_hold (project_id, kind, record_id);
