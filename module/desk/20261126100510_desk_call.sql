-- +goose Up
-- The call log (通话记录), with what becomes of each recording (C19.2).
create table desk_call (
  {{row}},
  origin text not null,
  outside_id text not null default '',
  at bigint not null,
  day text not null,
  month text not null,
  direction text not null,
  phone text not null default '',
  answered boolean not null,
  user_name text not null default '',
  seconds bigint not null default 0,
  recording text not null default '',
  recording_state text not null,
  customer_id bigint,
  customer_name text not null default '',
  matter_id bigint,
  matter_number text not null default '',
  apart_at bigint,
  place text not null default '',
  expired_at bigint,
  deleted_at bigint,
  {{pk}}
){{clustered}};
create index desk_call_at on desk_call (project_id, at, id);
create index desk_call_answered on desk_call (project_id, answered, at, id);
create index desk_call_month on desk_call (project_id, month, direction, answered);
create index desk_call_matter on desk_call (project_id, matter_id) where matter_id is not null;
create index desk_call_customer on desk_call (project_id, customer_id, at) where customer_id is not null;
create index desk_call_recording on desk_call (project_id, recording_state, at, id);
create unique index desk_call_outside on desk_call (project_id, outside_id) where outside_id <> '';
