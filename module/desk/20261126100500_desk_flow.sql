-- +goose Up
-- Who answers for a matter (首问负责), what was looked into, who confirmed the end, and with what it belongs together.
alter table desk_matter add column owner_id bigint;
alter table desk_matter add column owner_name text not null default '';
alter table desk_matter add column accepted_at bigint;
alter table desk_matter add column no_limit boolean not null default false;
alter table desk_matter add column findings text not null default '';
alter table desk_matter add column confirmed_at bigint;
alter table desk_matter add column confirmed_by text not null default '';
alter table desk_matter add column confirmed_how text not null default '';
alter table desk_matter add column reported_at bigint;
alter table desk_matter add column reported_reason text not null default '';
alter table desk_matter add column merged_id bigint;
alter table desk_matter add column split_id bigint;
create index desk_matter_merged on desk_matter (project_id, merged_id) where merged_id is not null;
create index desk_matter_split on desk_matter (project_id, split_id) where split_id is not null;
create index desk_matter_late on desk_matter (project_id, handed_due) where open and handed_due is not null;
-- Every hand-over (转办): from whom to whom, why, and whether it was accepted. The matter's own entries are its journal.
create table desk_transfer (
  project_id bigint not null,
  id bigint not null,
  matter_id bigint not null,
  at bigint not null,
  by_name text not null,
  from_name text not null default '',
  to_role text not null default '',
  to_name text not null default '',
  due_at bigint,
  reason text not null,
  reported boolean not null,
  accepted_at bigint,
  accepted_name text not null default '',
  refused_at bigint,
  refused_reason text not null default '',
  {{pk}}
){{clustered}};
create index desk_transfer_matter on desk_transfer (project_id, matter_id, id);
-- The mailbox beside the project's hotline (B4.1).
create table desk_line (
  {{row}},
  mailbox text not null default '',
  {{pk}}
){{clustered}};
create unique index desk_line_one on desk_line (project_id);
-- What customers' opinions of a period came to, and how they were told (A7.2).
create table desk_feedback (
  {{row}},
  month text not null,
  since text not null,
  taken bigint not null,
  answered bigint not null,
  waiting bigint not null,
  summary text not null,
  measures text not null,
  told_how text not null default '',
  told text not null default '',
  at bigint not null,
  writer text not null default '',
  {{pk}}
){{clustered}};
create unique index desk_feedback_month on desk_feedback (project_id, month);
-- Talks with the owners' committee and the authorities (C7.11).
create table desk_talk (
  {{row}},
  party text not null,
  who text not null,
  day text not null,
  month text not null,
  how text not null,
  subject text not null,
  minutes text not null,
  outcome text not null default '',
  writer text not null default '',
  {{pk}}
){{clustered}};
create index desk_talk_day on desk_talk (project_id, day, id);
