-- +goose Up
-- The year's plan of customer surveys (年度计划, B7.1).
create table survey_plan (
  {{row}},
  year bigint not null,
  objective text not null default '',
  audience text not null default '',
  method text not null default '',
  schedule text not null default '',
  owner_id bigint,
  owner text not null default '',
  state text not null,
  approved_at bigint,
  {{pk}}
){{clustered}};
create unique index survey_plan_year on survey_plan (project_id, year);
-- Questionnaires (问卷); questions is a JSON list, in the order of the page.
create table survey_form (
  {{row}},
  kind text not null,
  title text not null,
  title_en text not null default '',
  intro text not null default '',
  intro_en text not null default '',
  questions text not null,
  sealed boolean not null,
  copied_from bigint,
  {{pk}}
){{clustered}};
create index survey_form_list on survey_form (project_id, id);
-- A survey of the whole firm, which fans out to its projects; project_id is 1.
create table survey_campaign (
  {{row}},
  number text not null,
  kind text not null,
  title text not null,
  title_en text not null default '',
  content text not null,
  anonymous boolean not null,
  start_day text not null,
  end_day text not null,
  remind_days bigint not null,
  target_attitude bigint not null,
  target_efficiency bigint not null,
  target_quality bigint not null,
  owner_id bigint,
  owner text not null default '',
  state text not null,
  launched_at bigint,
  note text not null default '',
  {{pk}}
){{clustered}};
create index survey_campaign_list on survey_campaign (project_id, id);
-- One survey of one project, from its preparation to the file. content is the questionnaire as it was sent.
create table survey_round (
  {{row}},
  number text not null,
  kind text not null,
  title text not null,
  title_en text not null default '',
  form_id bigint,
  campaign_id bigint,
  content text not null,
  anonymous boolean not null,
  sample text not null,
  buildings text not null default '',
  percent bigint not null,
  reason text not null default '',
  start_day text not null,
  end_day text not null,
  month text not null,
  remind_days bigint not null,
  target_attitude bigint not null,
  target_efficiency bigint not null,
  target_quality bigint not null,
  owner_id bigint,
  owner text not null default '',
  state text not null,
  customers bigint not null,
  invited bigint not null,
  launched_at bigint,
  reminded_at bigint,
  ended_at bigint,
  figures text not null default '',
  summary text not null default '',
  causes text not null default '',
  advice text not null default '',
  analysed_at bigint,
  approved_at bigint,
  recipients text not null default '',
  distributed_at bigint,
  place text not null default '',
  closed_at bigint,
  {{pk}}
){{clustered}};
create index survey_round_list on survey_round (project_id, start_day, id);
create index survey_round_state on survey_round (project_id, state, start_day, id);
create index survey_round_month on survey_round (project_id, month);
-- Who was asked. Of the token only its hash is kept. The round's journal covers these rows.
create table survey_invite (
  project_id bigint not null,
  id bigint not null,
  round_id bigint not null,
  customer_id bigint,
  unit_code text not null default '',
  building text not null default '',
  token_hash text not null,
  sent_at bigint,
  reminded_at bigint,
  {{pk}}
){{clustered}};
create index survey_invite_round on survey_invite (project_id, round_id, unit_code, id);
create index survey_invite_customer on survey_invite (project_id, customer_id, id);
create index survey_invite_token on survey_invite (token_hash);
-- What was answered, one row a token. An anonymous answer names no invitation; answer_key is a second hash of the token.
create table survey_answer (
  project_id bigint not null,
  id bigint not null,
  round_id bigint not null,
  answer_key text not null,
  invite_id bigint,
  building text not null default '',
  lang text not null,
  day text not null,
  answers text not null,
  {{pk}}
){{clustered}};
create unique index survey_answer_key on survey_answer (project_id, round_id, answer_key);
-- What is put right after a survey (C5.2), project by project and dimension by dimension.
create table survey_action (
  {{row}},
  round_id bigint not null,
  number text not null,
  dimension text not null default '',
  rate bigint not null,
  target bigint not null,
  problem text not null,
  owner_id bigint,
  owner text not null default '',
  department text not null default '',
  due_day text not null,
  cause text not null default '',
  measure text not null default '',
  evidence text not null default '',
  done_at bigint,
  verifier text not null default '',
  finding text not null default '',
  verified_at bigint,
  closed_at bigint,
  urged bigint not null,
  urge_note text not null default '',
  state text not null,
  {{pk}}
){{clustered}};
create index survey_action_round on survey_action (project_id, round_id, id);
create index survey_action_state on survey_action (project_id, state, id);
-- Meetings with merchants (商户座谈会, D5.4).
create table survey_seminar (
  {{row}},
  day text not null,
  place text not null default '',
  subject text not null,
  host text not null default '',
  attendees text not null,
  heads bigint not null,
  minutes text not null,
  outcome text not null default '',
  {{pk}}
){{clustered}};
create index survey_seminar_day on survey_seminar (project_id, day, id);
