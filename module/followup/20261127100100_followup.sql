-- +goose Up
-- One follow-up (回访): of a complaint, a repair, a move-in, an emergency, an activity, or planned by hand.
create table followup_item (
  {{row}},
  number text not null,
  occasion text not null,
  kind text not null default '',
  record_id bigint,
  matter_number text not null default '',
  content text not null default '',
  handled text not null default '',
  customer_id bigint,
  customer_name text not null default '',
  unit_id bigint,
  unit_code text not null default '',
  contact text not null default '',
  phone text not null default '',
  severity text not null,
  round bigint not null,
  why text not null,
  clause text not null,
  handler_id bigint,
  handler text not null default '',
  against_id bigint,
  caller_id bigint,
  caller text not null default '',
  state text not null,
  open boolean not null,
  since_at bigint,
  at bigint not null,
  month text not null,
  due_at bigint,
  tries bigint not null,
  tried_at bigint,
  how text not null default '',
  mark text not null default '',
  result text not null default '',
  opinion text not null default '',
  outcome text not null default '',
  signer text not null default '',
  held_at bigint,
  held_by bigint,
  held_name text not null default '',
  held_month text not null default '',
  late boolean not null,
  promised_at bigint,
  answer text not null default '',
  answered_at bigint,
  problem boolean not null,
  settled_at bigint,
  remark text not null default '',
  remarked_at bigint,
  remarked_by text not null default '',
  letter_id bigint,
  reason text not null default '',
  {{pk}}
){{clustered}};
create index followup_item_open on followup_item (project_id, due_at, id) where open;
create index followup_item_mine on followup_item (project_id, caller_id, due_at, id) where open;
create index followup_item_at on followup_item (project_id, at, id);
create index followup_item_state on followup_item (project_id, state, at, id);
create index followup_item_occasion on followup_item (project_id, occasion, at, id);
create index followup_item_result on followup_item (project_id, result, at, id) where result <> '';
create index followup_item_month on followup_item (project_id, month, at, id);
create index followup_item_held on followup_item (project_id, held_month, at, id) where held_month <> '';
create index followup_item_check on followup_item (project_id, at, id) where state = 'done' and remarked_at is null;
create index followup_item_problem on followup_item (project_id, at, id) where problem and settled_at is null;
create index followup_item_customer on followup_item (project_id, customer_id, at, id);
create index followup_item_record on followup_item (project_id, kind, record_id, id);
create index followup_item_letter on followup_item (project_id, letter_id, id) where letter_id is not null;
-- What was dealt with and may be drawn (回访池): a narrow row for each closed matter, which the sampler reads whole.
-- lot is the matter's place in the draw, made of project, month and number; spot stands for building and floor; counted is
-- the month of what counts, empty while the matter is being handled again and for who is exempt.
create table followup_pool (
  project_id bigint not null,
  id bigint not null,
  kind text not null,
  record_id bigint not null,
  part_id bigint not null,
  occasion text not null,
  month text not null,
  closed_at bigint not null,
  spot bigint not null,
  customer_id bigint not null,
  lot bigint not null,
  counted text not null,
  live boolean not null,
  exempt text not null default '',
  drawn boolean not null,
  followed_at bigint,
  {{pk}}
){{clustered}};
create unique index followup_pool_one on followup_pool (project_id, kind, record_id, part_id);
create index followup_pool_draw on followup_pool (project_id, occasion, counted, lot, spot, customer_id, drawn, id);
create index followup_pool_rate on followup_pool (project_id, occasion, counted, followed_at, closed_at, drawn, id);
-- Open letters (公开信): one answer to many customers, kept in the follow-up file.
create table followup_letter (
  {{row}},
  number text not null,
  title text not null,
  body text not null,
  posted text not null default '',
  day text not null,
  writer text not null default '',
  answered bigint not null,
  {{pk}}
){{clustered}};
create index followup_letter_day on followup_letter (project_id, day, id);
-- Activities, whose participants are drawn from.
create table followup_activity (
  {{row}},
  number text not null,
  name text not null,
  day text not null,
  handler text not null default '',
  handler_id bigint,
  participants bigint not null,
  {{pk}}
){{clustered}};
create index followup_activity_day on followup_activity (project_id, day, id);
-- What to ask (回访话术), by occasion.
create table followup_script (
  {{row}},
  occasion text not null,
  say text not null,
  writer text not null default '',
  {{pk}}
){{clustered}};
create unique index followup_script_one on followup_script (project_id, occasion);
-- The supervisor's plans (回访计划) of a year or a month.
create table followup_plan (
  {{row}},
  period text not null,
  focus text not null,
  callers text not null default '',
  visits bigint not null,
  calls bigint not null,
  writer text not null default '',
  {{pk}}
){{clustered}};
create unique index followup_plan_one on followup_plan (project_id, period);
-- Monthly statistics as they were reported to the company.
create table followup_month (
  {{row}},
  month text not null,
  figures text not null,
  note text not null default '',
  {{pk}}
){{clustered}};
create unique index followup_month_one on followup_month (project_id, month);
