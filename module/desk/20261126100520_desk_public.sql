-- +goose Up
-- What to say (话术), for so long.
create table desk_script (
  {{row}},
  title text not null,
  occasion text not null,
  say text not null,
  from_at bigint not null,
  to_at bigint,
  writer text not null default '',
  {{pk}}
){{clustered}};
create index desk_script_from on desk_script (project_id, from_at, id);
-- Replies in public: written, reviewed by somebody else, then sent (C19.11).
create table desk_reply (
  {{row}},
  matter_id bigint not null,
  matter_number text not null,
  outlet text not null,
  source text not null default '',
  reply text not null,
  state text not null,
  writer_id bigint,
  writer text not null default '',
  reviewer text not null default '',
  reviewed_at bigint,
  reason text not null default '',
  sent_at bigint,
  sent_by text not null default '',
  sent_link text not null default '',
  {{pk}}
){{clustered}};
create index desk_reply_state on desk_reply (project_id, state, id);
create index desk_reply_matter on desk_reply (project_id, matter_id, id);
-- Planned work in tenants' units (入户作业), with the contact beforehand (C19.12).
create table desk_entry (
  {{row}},
  kind text not null,
  unit_id bigint not null,
  unit_code text not null,
  customer_id bigint,
  customer_name text not null default '',
  what text not null,
  worker text not null,
  from_at bigint not null,
  emergency text not null default '',
  contacted_at bigint,
  contact_who text not null default '',
  contact_how text not null default '',
  contact_note text not null default '',
  contact_by text not null default '',
  state text not null,
  begun_at bigint,
  ended_at bigint,
  result text not null default '',
  {{pk}}
){{clustered}};
create index desk_entry_state on desk_entry (project_id, state, from_at, id);
create index desk_entry_unit on desk_entry (project_id, unit_id, from_at);
create index desk_entry_from on desk_entry (project_id, from_at, id);
create index desk_entry_customer on desk_entry (project_id, customer_id) where customer_id is not null;
