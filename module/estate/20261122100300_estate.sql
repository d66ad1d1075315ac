-- +goose Up
create table estate_building (
  {{row}},
  name text not null,
  sort bigint not null default 0,
  exits bigint not null default 4,
  note text not null default '',
  {{pk}}
){{clustered}};
create unique index estate_building_name on estate_building (project_id, name);

create table estate_unit (
  {{row}},
  code text not null,
  code_key text not null,
  building_id bigint not null,
  floor text not null default '',
  floor_no bigint not null default 0,
  area text not null default '0',
  use_kind text not null default '',
  state text not null,
  unit_price text not null default '0',
  origin text not null default '',
  note text not null default '',
  extra text not null default '',
  since_on text,
  ended_on text,
  {{pk}}
){{clustered}};
create unique index estate_unit_code on estate_unit (project_id, code_key) where ended_on is null and voided_at is null;
create index estate_unit_building on estate_unit (project_id, building_id, floor_no, code_key);
create index estate_unit_list on estate_unit (project_id, code_key, id);

-- What became of a unit that was split or merged. The units' own journal entries cover these rows.
create table estate_unit_link (
  project_id bigint not null,
  id bigint not null,
  old_id bigint not null,
  new_id bigint not null,
  how text not null,
  on_day text not null,
  primary key (project_id, id)
){{clustered}};
create index estate_unit_link_old on estate_unit_link (project_id, old_id);
create index estate_unit_link_new on estate_unit_link (project_id, new_id);

create table estate_parking (
  {{row}},
  code text not null,
  place text not null default '',
  state text not null,
  used_by text not null default '',
  customer_id bigint,
  unit_id bigint,
  plate text not null default '',
  from_on text,
  to_on text,
  fee bigint not null default 0,
  note text not null default '',
  {{pk}}
){{clustered}};
create unique index estate_parking_code on estate_parking (project_id, code);
create index estate_parking_state on estate_parking (project_id, state, code);
create index estate_parking_customer on estate_parking (project_id, customer_id);

create table estate_mailbox (
  {{row}},
  code text not null,
  place text not null default '',
  state text not null,
  used_by text not null default '',
  customer_id bigint,
  unit_id bigint,
  plate text not null default '',
  from_on text,
  to_on text,
  fee bigint not null default 0,
  note text not null default '',
  {{pk}}
){{clustered}};
create unique index estate_mailbox_code on estate_mailbox (project_id, code);
create index estate_mailbox_state on estate_mailbox (project_id, state, code);
create index estate_mailbox_customer on estate_mailbox (project_id, customer_id);
