-- +goose Up
-- What the board's lines over twelve months are drawn from: each clause's figures of one month in one project, counted
-- anew every night. It is a cache: the month that a board shows is always counted from the duties themselves. The row
-- with clause '' says that the month has been counted.
create table compliance_month (
  project_id bigint not null,
  month text not null,
  clause text not null,
  total bigint not null,
  ontime bigint not null,
  late bigint not null,
  waived bigint not null,
  open bigint not null,
  num bigint not null,
  den bigint not null,
  provisional boolean not null,
  fresh_at bigint not null,
  primary key (project_id, month, clause)
){{clustered}};
-- Waivers in force, so that the night's extension of them reads only these.
create index compliance_waived on duty_duty (project_id, waived_until) where state = 'waived';
-- What is open, by its term: what is overdue longest and what this week brings, whatever history lies beside it.
create index compliance_open on duty_duty (project_id, due_at, id, late) where state = 'open';
