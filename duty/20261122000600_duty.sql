-- +goose Up
create table duty_duty (
  {{row}},
  clause text not null,
  number text not null,
  kind text not null,
  record_id bigint not null,
  round bigint not null,
  title text not null,
  title_en text not null,
  url text not null,
  role text not null,
  department text not null default '',
  user_id bigint,
  state text not null,
  opened_at bigint not null,
  due_at bigint not null,
  due_day text not null,
  due_month text not null,
  late boolean not null default false,
  done_at bigint,
  done_by bigint,
  note text not null default '',
  step bigint not null default 0,
  next_at bigint,
  waived_until text,
  {{pk}}
){{clustered}};
create unique index duty_duty_one on duty_duty (project_id, clause, number, kind, record_id, round);
create index duty_duty_record on duty_duty (project_id, kind, record_id);
create index duty_duty_mine on duty_duty (project_id, role, due_at, id) where state = 'open';
create index duty_duty_user on duty_duty (project_id, user_id, due_at, id) where state = 'open';
create index duty_duty_month on duty_duty (project_id, due_month, clause, state, late);
create index duty_duty_next on duty_duty (next_at) where state = 'open';
-- Each time a late duty went up: to which role, when.
create table duty_step (
  project_id bigint not null,
  id bigint not null,
  duty_id bigint not null,
  step bigint not null,
  role text not null,
  at bigint not null,
  primary key (project_id, id)
){{clustered}};
create index duty_step_duty on duty_step (project_id, duty_id, step);
