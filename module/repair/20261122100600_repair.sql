-- +goose Up
create table repair_order (
  {{row}},
  origin text not null,
  number text not null,
  office_no text not null default '',
  matter_id bigint,
  customer_id bigint,
  customer_name text not null default '',
  unit_id bigint,
  unit_code text not null default '',
  building text not null default '',
  place text not null default '',
  scope text not null,
  trade text not null,
  level text not null,
  level_by text not null,
  paid boolean not null,
  contact text not null default '',
  phone text not null default '',
  content text not null,
  channel text not null,
  wish_at bigint,
  state text not null,
  held_state text not null default '',
  open boolean not null,
  rank bigint not null,
  at bigint not null,
  day text not null,
  month text not null,
  due_at bigint,
  confirmed_at bigint,
  confirmed_by bigint,
  technician_id bigint,
  technician text not null default '',
  outside text not null default '',
  dispatched_at bigint,
  appoint_at bigint,
  arrived_at bigint,
  quoted_at bigint,
  quote_total bigint not null default 0,
  consent_at bigint,
  consent_how text not null default '',
  consent_by text not null default '',
  started_at bigint,
  finished_at bigint,
  result text not null default '',
  cleared boolean not null default false,
  tried boolean not null default false,
  moved text not null default '',
  move_consent text not null default '',
  damage text not null default '',
  damage_fen bigint not null default 0,
  signed_at bigint,
  signer text not null default '',
  refused text not null default '',
  attitude bigint not null default 0,
  speed bigint not null default 0,
  quality bigint not null default 0,
  comment text not null default '',
  slip_at bigint,
  reason text not null default '',
  round bigint not null default 1,
  total bigint not null default 0,
  followup text not null default '',
  import_key text not null default '',
  import_print text not null default '',
  {{pk}}
){{clustered}};
create index repair_order_open on repair_order (project_id, rank, at, id) where open;
create index repair_order_at on repair_order (project_id, at, id);
create index repair_order_state on repair_order (project_id, state, at, id);
create index repair_order_trade on repair_order (project_id, trade, at, id);
create index repair_order_mine on repair_order (project_id, technician_id, rank, at, id) where open;
create index repair_order_customer on repair_order (project_id, customer_id, at, id);
create index repair_order_unit on repair_order (project_id, unit_id, at, id);
create index repair_order_month on repair_order (project_id, month, at, id);
create index repair_order_matter on repair_order (project_id, matter_id);
create index repair_order_import on repair_order (project_id, import_key) where import_key <> '';
-- Appointments (预约) and whether they were kept: what C17.1 is measured by.
create table repair_visit (
  project_id bigint not null,
  id bigint not null,
  repair_id bigint not null,
  technician_id bigint,
  appoint_at bigint not null,
  due_at bigint not null,
  month text not null,
  arrived_at bigint,
  moved_at bigint,
  told text not null default '',
  {{pk}}
){{clustered}};
create index repair_visit_repair on repair_visit (project_id, repair_id, id);
create index repair_visit_month on repair_visit (project_id, month, id);
-- Who of the three parties (三方) stamped the arrival (D4.2).
create table repair_arrival (
  project_id bigint not null,
  id bigint not null,
  repair_id bigint not null,
  round bigint not null,
  party text not null,
  user_id bigint,
  name text not null,
  at bigint not null,
  {{pk}}
){{clustered}};
create unique index repair_arrival_one on repair_arrival (project_id, repair_id, round, party);
-- Lines of quotes and of what was used.
create table repair_line (
  project_id bigint not null,
  id bigint not null,
  repair_id bigint not null,
  phase text not null,
  item_kind text not null,
  item_id bigint not null,
  name text not null,
  unit text not null,
  quantity bigint not null,
  price bigint not null,
  amount bigint not null,
  basis text not null,
  round bigint not null,
  replaced boolean not null default false,
  {{pk}}
){{clustered}};
create index repair_line_repair on repair_line (project_id, repair_id, id);
create table repair_price (
  {{row}},
  code text not null,
  name text not null,
  unit text not null,
  price bigint not null,
  edition bigint not null,
  from_day text not null,
  to_day text,
  {{pk}}
){{clustered}};
create unique index repair_price_one on repair_price (project_id, code, edition);
create table repair_material (
  {{row}},
  code text not null,
  name text not null,
  unit text not null,
  price bigint not null,
  quantity bigint not null check (quantity >= 0),
  {{pk}}
){{clustered}};
create unique index repair_material_one on repair_material (project_id, code);
create table repair_stock (
  project_id bigint not null,
  id bigint not null,
  material_id bigint not null,
  repair_id bigint,
  change bigint not null,
  at bigint not null,
  by_id bigint,
  note text not null,
  {{pk}}
){{clustered}};
create index repair_stock_material on repair_stock (project_id, material_id, id);
-- A month's statistics as the supervisor confirmed them (C17.4).
create table repair_month (
  {{row}},
  month text not null,
  figures text not null,
  sampled bigint not null,
  satisfied bigint not null,
  note text not null,
  {{pk}}
){{clustered}};
create unique index repair_month_one on repair_month (project_id, month);
