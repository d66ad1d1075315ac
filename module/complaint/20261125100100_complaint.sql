-- +goose Up
create table complaint_case (
  {{row}},
  number text not null,
  matter_id bigint,
  customer_id bigint,
  customer_name text not null default '',
  company text not null default '',
  unit_id bigint,
  unit_code text not null default '',
  place text not null default '',
  contact text not null default '',
  phone text not null default '',
  anonymous boolean not null,
  channel text not null default '',
  written boolean not null,
  content text not null,
  demand text not null default '',
  category text not null default '',
  against text not null default '',
  against_user bigint,
  against_name text not null default '',
  company_level boolean not null,
  level text not null,
  level_by text not null default '',
  grounds text not null default '',
  grade_reason text not null default '',
  state text not null,
  open boolean not null,
  rank bigint not null,
  at bigint not null,
  day text not null,
  month text not null,
  due_at bigint,
  handler_id bigint,
  handler text not null default '',
  department text not null default '',
  assigned_at bigint,
  validity text not null default '',
  opinion text not null default '',
  ruling text not null default '',
  ruling_reason text not null default '',
  ruled_by text not null default '',
  ruled_at bigint,
  asked_at bigint,
  cause text not null default '',
  responsible text not null default '',
  solution text not null default '',
  compensation bigint not null,
  solved_at bigint,
  approved_at bigint,
  result text not null default '',
  finished_at bigint,
  replied_at bigint,
  reply_how text not null default '',
  reply text not null default '',
  business text not null default '',
  relations text not null default '',
  next_at bigint,
  until_at bigint,
  consent text not null default '',
  satisfied text not null default '',
  opined_at bigint,
  signer text not null default '',
  comment text not null default '',
  evaluation text not null default '',
  improvement text not null default '',
  delay_by text not null default '',
  delay_reason text not null default '',
  liability text not null default '',
  loss bigint not null,
  closed_at bigint,
  round bigint not null,
  letter_no text not null default '',
  letter_to text not null default '',
  filed_at bigint,
  filed_to text not null default '',
  legal text not null default '',
  team text not null default '',
  minutes text not null default '',
  media text not null default '',
  followed_at bigint,
  report_cause text not null default '',
  report_course text not null default '',
  report_responsible text not null default '',
  report_conclusion text not null default '',
  report_remedy text not null default '',
  report_prevention text not null default '',
  reported_at bigint,
  sealed_at bigint,
  reason text not null default '',
  {{pk}}
){{clustered}};
create index complaint_case_open on complaint_case (project_id, rank, at, id) where open;
create index complaint_case_at on complaint_case (project_id, at, id);
create index complaint_case_state on complaint_case (project_id, state, at, id);
create index complaint_case_category on complaint_case (project_id, category, at, id);
create index complaint_case_mine on complaint_case (project_id, handler_id, rank, at, id) where open;
create index complaint_case_customer on complaint_case (project_id, customer_id, at, id);
create index complaint_case_unit on complaint_case (project_id, unit_id, at, id);
create index complaint_case_month on complaint_case (project_id, month, at, id);
create index complaint_case_matter on complaint_case (project_id, matter_id);
-- What was found out (调查), and what head office said (督促), round by round; the case's journal covers them.
create table complaint_note (
  project_id bigint not null,
  id bigint not null,
  complaint_id bigint not null,
  round bigint not null,
  kind text not null,
  how text not null default '',
  text text not null,
  by_name text not null,
  at bigint not null,
  {{pk}}
){{clustered}};
create index complaint_note_case on complaint_note (project_id, complaint_id, id);
-- Corrective and preventive measures (纠正预防措施, C11.3).
create table complaint_action (
  {{row}},
  complaint_id bigint not null,
  number text not null,
  sort text not null,
  text text not null,
  department text not null,
  due_day text not null,
  state text not null,
  supervisor_id bigint,
  supervisor text not null default '',
  done_at bigint,
  evidence text not null default '',
  checked_at bigint,
  finding text not null default '',
  {{pk}}
){{clustered}};
create index complaint_action_case on complaint_action (project_id, complaint_id, id);
create index complaint_action_state on complaint_action (project_id, state, id);
-- Monthly statistics as they were reported to the general manager (C1.6).
create table complaint_month (
  {{row}},
  month text not null,
  figures text not null,
  note text not null default '',
  {{pk}}
){{clustered}};
create unique index complaint_month_one on complaint_month (project_id, month);
