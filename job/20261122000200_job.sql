-- +goose Up
-- due_at is when a runner may take the job: its time while it waits, the end of the claim while it runs. One index
-- therefore finds both what is due and what a crash left behind.
create table job_job (
  id bigint primary key,
  kind text not null,
  args text not null,
  unique_key text,
  project bigint,
  state text not null,
  due_at bigint not null,
  tries bigint not null default 0,
  claim text,
  error text not null default '',
  added_at bigint not null,
  ended_at bigint
);
create index job_due on job_job (due_at) where state in ('waiting', 'running');
create unique index job_unique on job_job (kind, unique_key) where state = 'waiting' and unique_key is not null;
create index job_state on job_job (state, id);
create index job_ended on job_job (ended_at) where state = 'done';
