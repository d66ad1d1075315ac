-- +goose Up
-- One issue of a report, with its figures as they stood when it was composed.
create table report_issue (
  {{row}},
  number text not null,
  kind text not null,
  from_day text not null,
  to_day text not null,
  state text not null,
  open boolean not null,
  at bigint not null,
  composer text not null default '',
  sections text not null,
  facility text not null default '',
  environment text not null default '',
  safety text not null default '',
  conclusion text not null default '',
  plan text not null default '',
  submitted_at bigint,
  submitter text not null default '',
  approved_at bigint,
  approver text not null default '',
  issued_at bigint,
  remark text not null default '',
  remarked_by text not null default '',
  closed_at bigint,
  {{pk}}
){{clustered}};
create unique index report_issue_one on report_issue (project_id, kind, from_day) where voided_at is null;
create index report_issue_at on report_issue (project_id, at, id);
create index report_issue_kind on report_issue (project_id, kind, at, id);
create index report_issue_state on report_issue (project_id, state, at, id);
-- Who gets an operations report and whether it was read; the token opens the page without sign-in. Covered by the issue.
create table report_receipt (
  project_id bigint not null,
  id bigint not null,
  version bigint not null default 1,
  issue_id bigint not null,
  customer_id bigint not null,
  customer_name text not null,
  units text not null default '',
  contact_id bigint,
  contact text not null default '',
  way text not null,
  mail text not null default '',
  mail_mask text not null default '',
  token text not null,
  token_key text not null,
  state text not null,
  sent_at bigint,
  read_at bigint,
  last_read_at bigint,
  reads bigint not null default 0,
  reminded_at bigint,
  reminders bigint not null default 0,
  signed_at bigint,
  signer text not null default '',
  recorded_by text not null default '',
  {{pk}}
){{clustered}};
create unique index report_receipt_token on report_receipt (project_id, token_key);
create index report_receipt_issue on report_receipt (project_id, issue_id, state, id);
create index report_receipt_list on report_receipt (project_id, issue_id, id);
create index report_receipt_customer on report_receipt (project_id, customer_id, id);
-- When a report goes out by e-mail, and to whom (定时发送).
create table report_schedule (
  {{row}},
  kind text not null,
  day bigint not null,
  clock text not null,
  language text not null,
  users text not null default '',
  mails text not null default '',
  active boolean not null,
  next_at bigint,
  {{pk}}
){{clustered}};
create index report_schedule_next on report_schedule (project_id, next_at) where active;
-- Each time that a schedule was due: once, whichever node came first. The schedule's journal covers it.
create table report_run (
  project_id bigint not null,
  id bigint not null,
  schedule_id bigint not null,
  due_at bigint not null,
  at bigint not null,
  issue_id bigint,
  state text not null,
  sent bigint not null default 0,
  error text not null default '',
  error_en text not null default '',
  ended_at bigint,
  {{pk}}
){{clustered}};
create unique index report_run_once on report_run (project_id, schedule_id, due_at);
-- Announcements to owners (物业公告, B4.7), until the module of notices takes them over.
create table report_announcement (
  {{row}},
  title text not null,
  text text not null,
  places text not null,
  day text not null,
  month text not null,
  writer text not null default '',
  {{pk}}
){{clustered}};
create index report_announcement_day on report_announcement (project_id, day, id);
