-- +goose Up
-- A public door (公众入口) of a project, one of each kind: its page opens without sign-in to whoever has the code. The code
-- is computed under the firm's keys from the door and its turn; only the hash is kept.
create table desk_door (
  {{row}},
  kind text not null,
  turn bigint not null,
  code_hash text not null,
  enabled boolean not null,
  {{pk}}
){{clustered}};
create unique index desk_door_kind on desk_door (project_id, kind);
create index desk_door_code on desk_door (code_hash);
-- What came in by a door, one matter each: form_key is the form's own, so that a second submit finds the first; token_hash
-- finds the page that shows how the matter stands. The words themselves stand in the matter.
create table desk_message (
  project_id bigint not null,
  id bigint not null,
  created_at bigint not null,
  door_id bigint not null,
  kind text not null,
  day text not null,
  form_key text not null,
  print text not null,
  token_hash text not null,
  matter_id bigint,
  contact_id bigint,
  said text not null,
  tell text not null,
  told text not null default '',
  mail text not null default '',
  reach text not null default '',
  lang text not null,
  consented_at bigint,
  bytes bigint not null default 0,
  {{pk}}
){{clustered}};
create unique index desk_message_form on desk_message (project_id, door_id, form_key);
create index desk_message_day on desk_message (project_id, door_id, day);
create index desk_message_token on desk_message (token_hash);
create index desk_message_matter on desk_message (project_id, matter_id) where matter_id is not null;
create index desk_message_reach on desk_message (project_id, reach, created_at) where reach <> '';
