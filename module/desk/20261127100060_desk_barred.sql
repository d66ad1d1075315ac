-- +goose Up
-- Who is complained of in the record that carries a matter on, and so neither handles nor reads it (C13.1).
alter table desk_matter add column barred_user bigint;
