-- +goose Up
-- C2.1, C2.2: a visit from its plan to its record.
create table visit_visit (
  {{row}},
  number text not null,
  sort text not null,
  customer_id bigint not null,
  customer_name text not null default '',
  unit_id bigint,
  unit_code text not null default '',
  festival_id bigint,
  purpose text not null,
  goal text not null default '',
  day text not null,
  prepare text not null default '',
  prepare_note text not null default '',
  visitor_id bigint,
  visitor text not null default '',
  state text not null,
  open boolean not null,
  at bigint,
  visit_day text,
  month text not null default '',
  went_id bigint,
  went text not null default '',
  supervised boolean not null,
  how text not null default '',
  met text not null default '',
  post text not null default '',
  power text not null default '',
  phone text not null default '',
  content text not null default '',
  needs text not null default '',
  problems text not null default '',
  competitor text not null default '',
  credit text not null default '',
  credit_note text not null default '',
  business text not null default '',
  surroundings text not null default '',
  effect text not null default '',
  unusual text not null default '',
  next_day text,
  next_id bigint,
  no_next text not null default '',
  recorded_at bigint,
  recorder text not null default '',
  signer text not null default '',
  signed_at bigint,
  unsigned text not null default '',
  reason text not null default '',
  {{pk}}
){{clustered}};
create index visit_visit_open on visit_visit (project_id, day, id) where open;
create index visit_visit_day on visit_visit (project_id, day, id);
create index visit_visit_state on visit_visit (project_id, state, day, id);
create index visit_visit_visitor on visit_visit (project_id, visitor_id, day, id);
create index visit_visit_customer on visit_visit (project_id, customer_id, day, id);
create index visit_visit_done on visit_visit (project_id, visit_day, id) where visit_day is not null;
create index visit_visit_month on visit_visit (project_id, month, id);
create index visit_visit_festival on visit_visit (project_id, festival_id) where festival_id is not null;

-- C2.3, D5.3, C19.4: what was promised, asked or said, each with its term.
create table visit_item (
  {{row}},
  number text not null,
  sort text not null,
  visit_id bigint,
  meeting_id bigint,
  customer_id bigint,
  customer_name text not null default '',
  what text not null,
  due_day text not null,
  owner_id bigint,
  owner text not null default '',
  state text not null,
  open boolean not null,
  month text not null,
  round bigint not null,
  result text not null default '',
  told text not null default '',
  done_at bigint,
  followed_at bigint,
  satisfied text not null default '',
  comment text not null default '',
  {{pk}}
){{clustered}};
create index visit_item_open on visit_item (project_id, due_day, id) where open;
create index visit_item_due on visit_item (project_id, due_day, id);
create index visit_item_visit on visit_item (project_id, visit_id);
create index visit_item_meeting on visit_item (project_id, meeting_id);
create index visit_item_customer on visit_item (project_id, customer_id, id);
create index visit_item_month on visit_item (project_id, month, sort, id);

-- C8.1, A3.6, C16.3: when each customer was last visited and spoken to; its id is the customer's.
create table visit_touch (
  project_id bigint not null,
  id bigint not null,
  visited_at bigint,
  supervised_at bigint,
  contacted_at bigint,
  missed bigint not null default 0,
  primary key (project_id, id)
){{clustered}};

-- A3.6: regular contacts.
create table visit_contact (
  {{row}},
  customer_id bigint not null,
  customer_name text not null default '',
  how text not null,
  at bigint not null,
  reached boolean not null,
  person text not null default '',
  needs text not null default '',
  opinions text not null default '',
  by_name text not null default '',
  {{pk}}
){{clustered}};
create index visit_contact_at on visit_contact (project_id, at, id);
create index visit_contact_customer on visit_contact (project_id, customer_id, at);

-- C8.1: key customers' cards.
create table visit_card (
  {{row}},
  customer_id bigint not null,
  customer_name text not null default '',
  person text not null,
  company text not null default '',
  post text not null default '',
  address text not null default '',
  phone text not null default '',
  mail text not null default '',
  wechat text not null default '',
  taste text not null default '',
  note text not null default '',
  {{pk}}
){{clustered}};
create index visit_card_customer on visit_card (project_id, customer_id, id);

-- C19.3: tenants' meetings.
create table visit_meeting (
  {{row}},
  number text not null,
  title text not null,
  why text not null,
  event text not null default '',
  at bigint not null,
  month text not null,
  place text not null,
  agenda text not null default '',
  chair text not null default '',
  state text not null,
  invited bigint not null,
  attended bigint not null,
  minutes text not null default '',
  recorder text not null default '',
  minuted_at bigint,
  reason text not null default '',
  {{pk}}
){{clustered}};
create index visit_meeting_at on visit_meeting (project_id, at, id);
create index visit_meeting_month on visit_meeting (project_id, month, id);
create table visit_invite (
  project_id bigint not null,
  id bigint not null,
  meeting_id bigint not null,
  customer_id bigint not null,
  name text not null,
  units text not null default '',
  attended boolean not null,
  person text not null default '',
  primary key (project_id, id)
){{clustered}};
create unique index visit_invite_one on visit_invite (project_id, meeting_id, customer_id);
create index visit_invite_customer on visit_invite (project_id, customer_id);

-- C14.11: visits on major festivals.
create table visit_festival (
  {{row}},
  name text not null,
  name_en text not null,
  from_day text not null,
  to_day text not null,
  due_day text not null,
  organiser_id bigint,
  organiser text not null default '',
  gift text not null default '',
  theme text not null default '',
  organised_at bigint,
  state text not null,
  planned bigint not null,
  summary text not null default '',
  closed_at bigint,
  {{pk}}
){{clustered}};
create unique index visit_festival_day on visit_festival (project_id, from_day, name);

-- Early warning: what was seen by hand, and what the signals say; the second is computed anew each day.
create table visit_sight (
  {{row}},
  customer_id bigint not null,
  customer_name text not null default '',
  sort text not null,
  what text not null,
  at bigint not null,
  by_id bigint,
  by_name text not null default '',
  ended_at bigint,
  ended text not null default '',
  {{pk}}
){{clustered}};
create index visit_sight_at on visit_sight (project_id, at, id);
create index visit_sight_customer on visit_sight (project_id, customer_id, id);
create table visit_warning (
  project_id bigint not null,
  id bigint not null,
  version bigint not null default 1,
  customer_id bigint not null,
  customer_name text not null default '',
  signals bigint not null,
  weight bigint not null,
  keys text not null default '',
  since text not null,
  calm_keys text not null default '',
  calm text not null default '',
  calm_by text not null default '',
  calm_at bigint,
  hidden boolean not null,
  primary key (project_id, id)
){{clustered}};
create unique index visit_warning_customer on visit_warning (project_id, customer_id);
create index visit_warning_weight on visit_warning (project_id, hidden, weight, signals, id);
create table visit_signal (
  project_id bigint not null,
  id bigint not null,
  customer_id bigint not null,
  signal text not null,
  weight bigint not null,
  why text not null,
  why_en text not null,
  url text not null default '',
  primary key (project_id, id)
){{clustered}};
create index visit_signal_customer on visit_signal (project_id, customer_id, weight);
