-- +goose Up
-- One row for each request that anybody brings (诉求记录表, C19.1); what a higher module carries on points here.
create table desk_matter (
  {{row}},
  origin text not null,
  number text not null,
  office_no text not null default '',
  channel text not null,
  kind text not null,
  carried_id bigint,
  customer_id bigint,
  customer_name text not null default '',
  unit_id bigint,
  unit_code text not null default '',
  place text not null default '',
  contact text not null default '',
  phone text not null default '',
  content text not null,
  urgent boolean not null,
  state text not null,
  open boolean not null,
  rank bigint not null,
  at bigint not null,
  day text not null,
  month text not null,
  due_at bigint,
  contacted_at bigint,
  handed_role text not null default '',
  handed_user bigint,
  handed_name text not null default '',
  handed_reason text not null default '',
  handed_due bigint,
  answer text not null default '',
  answered_at bigint,
  closed_at bigint,
  summary text not null default '',
  handler text not null default '',
  import_key text not null default '',
  import_print text not null default '',
  {{pk}}
){{clustered}};
create index desk_matter_open on desk_matter (project_id, rank, at, id) where open;
create index desk_matter_at on desk_matter (project_id, at, id);
create index desk_matter_state on desk_matter (project_id, state, at, id);
create index desk_matter_kind on desk_matter (project_id, kind, at, id);
create index desk_matter_mine on desk_matter (project_id, handed_user, rank, at, id) where open;
create index desk_matter_customer on desk_matter (project_id, customer_id, at, id);
create index desk_matter_unit on desk_matter (project_id, unit_id, at, id);
create index desk_matter_number on desk_matter (project_id, number);
create index desk_matter_carried on desk_matter (project_id, carried_id) where carried_id is not null;
create index desk_matter_phone on desk_matter (project_id, phone, at);
create index desk_matter_import on desk_matter (project_id, import_key) where import_key <> '';
