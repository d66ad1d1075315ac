-- +goose Up
create table customer_customer (
  {{row}},
  kind text not null,
  form text not null,
  name text not null,
  name_key text not null,
  id_kind text not null default '',
  id_sealed text not null default '',
  id_blind text not null default '',
  id_mask text not null default '',
  id_wrong boolean not null default false,
  industry text not null default '',
  legal_person text not null default '',
  address text not null default '',
  nationality text not null default '',
  facilities text not null default '',
  category text not null default '',
  grade text not null default '',
  credit text not null default '',
  credit_note text not null default '',
  needs text not null default '',
  opinions text not null default '',
  keeper_id bigint,
  state text not null,
  met_on text,
  filed_at bigint not null,
  move_in text,
  verified_at bigint,
  verify_by text,
  confirmed_at bigint,
  confirmed_by bigint,
  merged_into bigint,
  erased_at bigint,
  origin text not null default '',
  note text not null default '',
  extra text not null default '',
  {{pk}}
){{clustered}};
create index customer_customer_list on customer_customer (project_id, filed_at, id);
create index customer_customer_kind on customer_customer (project_id, kind, filed_at, id);
create index customer_customer_category on customer_customer (project_id, category, filed_at, id);
create index customer_customer_state on customer_customer (project_id, state, filed_at, id);
create index customer_customer_keeper on customer_customer (project_id, keeper_id, id);
create index customer_customer_blind on customer_customer (project_id, id_blind) where id_blind <> '';
create index customer_customer_name on customer_customer (project_id, name_key);
create index customer_customer_verify on customer_customer (project_id, verify_by, id);

-- People to turn to. The customer's journal entries cover these rows and all others below that have no version.
create table customer_contact (
  project_id bigint not null,
  id bigint not null,
  customer_id bigint not null,
  name text not null,
  role text not null,
  note text not null default '',
  removed_at bigint,
  primary key (project_id, id)
){{clustered}};
create index customer_contact_customer on customer_contact (project_id, customer_id);

-- Normalised numbers, for exact look-up; masked wherever they are shown.
create table customer_phone (
  project_id bigint not null,
  id bigint not null,
  customer_id bigint not null,
  contact_id bigint,
  phone text not null,
  primary key (project_id, id)
){{clustered}};
create index customer_phone_number on customer_phone (project_id, phone);
create index customer_phone_customer on customer_phone (project_id, customer_id);
create index customer_phone_contact on customer_phone (project_id, contact_id);

create table customer_unit (
  project_id bigint not null,
  id bigint not null,
  customer_id bigint not null,
  unit_id bigint not null,
  part text not null,
  from_on text,
  to_on text,
  origin text not null default '',
  primary key (project_id, id)
){{clustered}};
create index customer_unit_customer on customer_unit (project_id, customer_id);
create index customer_unit_unit on customer_unit (project_id, unit_id);

create table customer_consent (
  project_id bigint not null,
  id bigint not null,
  customer_id bigint not null,
  purpose text not null,
  sensitive boolean not null default false,
  how text not null,
  given_at bigint not null,
  given_by text not null default '',
  withdrawn_at bigint,
  withdrawn_how text not null default '',
  primary key (project_id, id)
){{clustered}};
create index customer_consent_customer on customer_consent (project_id, customer_id);

-- C15.4: every contact with a customer is reported.
create table customer_report (
  project_id bigint not null,
  id bigint not null,
  customer_id bigint not null,
  at bigint not null,
  by_id bigint,
  by_name text not null default '',
  how text not null,
  summary text not null,
  primary key (project_id, id)
){{clustered}};
create index customer_report_customer on customer_report (project_id, customer_id, at);

-- Opening data from the office's workbooks, until the modules come that take them over.
create table customer_lease (
  {{row}},
  contract_no text not null,
  unit_id bigint,
  customer_id bigint,
  from_on text,
  to_on text,
  rent bigint not null default 0,
  deposit bigint not null default 0,
  pay_method text not null default '',
  free_months text not null default '',
  note text not null default '',
  extra text not null default '',
  {{pk}}
){{clustered}};
create unique index customer_lease_no on customer_lease (project_id, contract_no, unit_id);
create index customer_lease_customer on customer_lease (project_id, customer_id);
create index customer_lease_unit on customer_lease (project_id, unit_id, to_on);

create table customer_reading (
  {{row}},
  meter_no text not null,
  period text not null,
  meter_kind text not null default '',
  unit_id bigint,
  customer_id bigint,
  multiplier text not null default '1',
  previous text not null default '0',
  current_value text not null default '0',
  unit_price text not null default '0',
  reader text not null default '',
  extra text not null default '',
  {{pk}}
){{clustered}};
create unique index customer_reading_meter on customer_reading (project_id, meter_no, period);
create index customer_reading_customer on customer_reading (project_id, customer_id, period);
create index customer_reading_unit on customer_reading (project_id, unit_id, period);

create table customer_arrears (
  {{row}},
  unit_id bigint not null,
  customer_id bigint,
  item text not null,
  month text not null,
  amount bigint not null,
  settled_at bigint,
  note text not null default '',
  extra text not null default '',
  {{pk}}
){{clustered}};
create unique index customer_arrears_one on customer_arrears (project_id, unit_id, item, month);
create index customer_arrears_customer on customer_arrears (project_id, customer_id, month);

-- What a merge moved, so that it can be undone: ids only.
create table customer_merge (
  project_id bigint not null,
  id bigint not null,
  kept_id bigint not null,
  gone_id bigint not null,
  gone_state text not null,
  at bigint not null,
  by_name text not null default '',
  moved text not null,
  undone_at bigint,
  primary key (project_id, id)
){{clustered}};
create index customer_merge_kept on customer_merge (project_id, kept_id);
create index customer_merge_gone on customer_merge (project_id, gone_id);

-- D4.7: the merchants' telephone list of a month.
create table customer_directory (
  {{row}},
  month text not null,
  state text not null,
  lines bigint not null default 0,
  compiled_at bigint not null,
  compiled_by text not null default '',
  sent_at bigint,
  sent_by text not null default '',
  signed_at bigint,
  signed_by text not null default '',
  {{pk}}
){{clustered}};
create unique index customer_directory_month on customer_directory (project_id, month);
create table customer_directory_line (
  project_id bigint not null,
  id bigint not null,
  directory_id bigint not null,
  customer_id bigint not null,
  units text not null,
  name text not null,
  contact text not null,
  phone_mask text not null,
  emergency text not null default '',
  primary key (project_id, id)
){{clustered}};
create index customer_directory_line_of on customer_directory_line (project_id, directory_id, id);
create index customer_directory_line_customer on customer_directory_line (project_id, customer_id);

-- C15.4: a leaver's customers.
create table customer_handover (
  {{row}},
  leaver_id bigint not null,
  leaver_name text not null default '',
  to_id bigint,
  to_name text not null default '',
  state text not null,
  count_of bigint not null default 0,
  done_at bigint,
  {{pk}}
){{clustered}};
create index customer_handover_leaver on customer_handover (project_id, leaver_id);
create index customer_handover_list on customer_handover (project_id, created_at, id);
create table customer_handover_line (
  project_id bigint not null,
  id bigint not null,
  handover_id bigint not null,
  customer_id bigint not null,
  told_at bigint,
  told_how text not null default '',
  primary key (project_id, id)
){{clustered}};
create index customer_handover_line_of on customer_handover_line (project_id, handover_id, id);
