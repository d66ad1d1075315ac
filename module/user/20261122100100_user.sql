-- +goose Up
-- Everybody who works here, with or without a sign-in. Users are the firm's: project_id is 1.
create table user_user (
  {{row}},
  login text not null,
  login_key text not null,
  name text not null,
  phone text not null default '',
  language text not null default '',
  password text not null default '',
  must_change boolean not null default false,
  state text not null default 'active',
  skills text not null default '',
  on_duty boolean not null default true,
  totp text not null default '',
  totp_on boolean not null default false,
  totp_step bigint not null default 0,
  left_at bigint,
  {{pk}}
){{clustered}};
create unique index user_login on user_user (project_id, login_key) where login_key <> '';
create index user_name on user_user (project_id, name);
-- The roles of a user in a project; project_id 1: in every project. The user's own journal entries tell of them.
create table user_seat (
  project_id bigint not null,
  user_id bigint not null,
  role text not null,
  department text not null default '',
  primary key (project_id, user_id, role)
){{clustered}};
create index user_seat_user on user_seat (user_id, project_id);
-- What the firm decided over the modules' defaults.
create table user_grant (
  {{row}},
  role text not null,
  perm text not null,
  granted boolean not null,
  {{pk}}
){{clustered}};
create unique index user_grant_one on user_grant (project_id, role, perm);
-- Sign-ins run on real time. hash is SHA-256 of the cookie; pending: the password was right, the code is awaited.
create table user_session (
  id bigint primary key,
  hash text not null,
  user_id bigint not null,
  pending boolean not null,
  created_at bigint not null,
  seen_at bigint not null,
  expires_at bigint not null,
  agent text not null,
  address text not null
);
create unique index user_session_hash on user_session (hash);
create index user_session_user on user_session (user_id, id);
create index user_session_expires on user_session (expires_at);
create table user_failure (
  what text primary key,
  n bigint not null,
  last_at bigint not null
);
create table user_recovery (
  user_id bigint not null,
  hash text not null,
  used_at bigint,
  primary key (user_id, hash)
);
create table user_token (
  id bigint primary key,
  user_id bigint not null,
  name text not null,
  hash text not null,
  scopes text not null,
  created_at bigint not null,
  expires_at bigint not null,
  seen_at bigint,
  ended_at bigint
);
create unique index user_token_hash on user_token (hash);
create index user_token_user on user_token (user_id, id);
