-- +goose Up
-- A row is addressed to one user or to a role. Who has read a message of a role is kept beside it, user by user.
create table notify_message (
  project_id bigint not null,
  id bigint not null,
  user_id bigint,
  role text,
  ref_kind text not null,
  ref_id bigint,
  ref_project bigint,
  title_zh text not null,
  title_en text not null,
  url text not null,
  urgent boolean not null,
  created_at bigint not null,
  read_at bigint,
  primary key (project_id, id)
);
create index notify_user on notify_message (project_id, user_id, id) where user_id is not null and read_at is null;
create index notify_role on notify_message (project_id, role, id) where role is not null;
create table notify_read (
  project_id bigint not null,
  message_id bigint not null,
  user_id bigint not null,
  read_at bigint not null,
  primary key (project_id, message_id, user_id),
  foreign key (project_id, message_id) references notify_message (project_id, id)
);
